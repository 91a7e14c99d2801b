//! The socket node's settings and limits, each with its unit and its variable.

use roomtone_shared::config::{ConfigError, Env, Origins};
use roomtone_shared::domain::rate::Rate;

use crate::frame::FrameLimits;

/// Octets in one WebSocket message of a client. Messages are not gathered, so this costs nothing; a
/// client may join many frames in one.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Octets of frames that a socket's open transactions may hold together.
pub(crate) const TRANSACTION_BYTES_MAX: usize = 1 << 20;
/// Messages that a subscription with `ack` other than auto remembers as not acknowledged.
pub(crate) const UNACKNOWLEDGED_MAX: usize = 10_000;
/// Answers that a session may be waiting for; further frames wait.
pub(crate) const ANSWERS_MAX: usize = 1_024;
/// Milliseconds that the last frame of a closed session has to arrive.
pub(crate) const LINGER_MS: u64 = 5_000;
/// Messages read at once for somebody who resumes.
pub(crate) const RESUME_PAGE: usize = 200;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct SocketSettings {
    /// `ROOMTONE_SHARDS`: threads that hold sockets; one per core by default.
    pub shards: u16,
    /// `ROOMTONE_FRAME_BYTES_MAX`, `ROOMTONE_HEADERS_MAX`, `ROOMTONE_HEADER_BYTES_MAX`.
    pub frame: FrameLimits,
    /// `ROOMTONE_SUBSCRIPTIONS_MAX`: subscriptions of a socket.
    pub subscriptions_max: usize,
    /// `ROOMTONE_TRANSACTIONS_MAX`: open transactions of a socket.
    pub transactions_max: usize,
    /// `ROOMTONE_SOCKETS_PER_USER_MAX`: sockets of a user on this node.
    pub sockets_per_user_max: usize,
    /// `ROOMTONE_SOCKETS_MAX`: sockets on this node.
    pub sockets_max: usize,
    /// `ROOMTONE_CONNECTIONS_MAX`: HTTP connections at once that are no sockets.
    pub connections_max: usize,
    /// `ROOMTONE_PROXIES`: proxies before this node that say in `X-Forwarded-For` whom they speak for.
    pub proxies: usize,
    /// `ROOMTONE_SOCKETS_PER_ADDRESS_MAX`: sockets of an address on this node.
    pub sockets_per_address_max: usize,
    /// `ROOMTONE_UPGRADES_PER_S`, `ROOMTONE_UPGRADE_BURST`: sockets that an address may open.
    pub upgrade_rate: Rate,
    /// `ROOMTONE_CONNECT_S`: milliseconds from the upgrade to CONNECT.
    pub connect_ms: u64,
    /// `ROOMTONE_HEART_BEAT_S`: milliseconds between heart-beats, as offered both ways.
    pub heart_beat_ms: u32,
    /// `ROOMTONE_SILENCE_PING_S`: milliseconds of silence after which a socket gets a PING.
    pub silence_ping_ms: u64,
    /// `ROOMTONE_SILENCE_CLOSE_S`: milliseconds of silence after which it is closed.
    pub silence_close_ms: u64,
    /// `ROOMTONE_BACKLOG_BYTES_MAX`: octets that wait for a socket that does not read.
    pub backlog_bytes_max: usize,
    /// `ROOMTONE_SLOW_CLOSE_S`: milliseconds after which a socket that takes nothing is closed.
    pub slow_close_ms: u64,
    /// `ROOMTONE_SENDS_PER_S`, `ROOMTONE_SEND_BURST`: SENDs of a user on this node.
    pub send_rate: Rate,
    /// `ROOMTONE_ROOM_SENDS_PER_S`, `ROOMTONE_ROOM_SEND_BURST`: messages of all users of this node into one room.
    pub room_send_rate: Rate,
    /// `ROOMTONE_DRAIN_S`: milliseconds that sessions have to end in when the node goes down.
    pub drain_ms: u64,
    /// `ROOMTONE_WS_ECHO`: whether `/ws-echo` is there.
    pub ws_echo: bool,
    /// `ALLOWED_ORIGINS`.
    pub origins: Origins,
}

impl SocketSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let seconds = |name, default, max| Ok(env.number(name, default, 1..=max)? * 1000);
        let settings = Self {
            shards: env.number(
                "ROOMTONE_SHARDS",
                u16::try_from(cores).unwrap_or(1),
                1..=256,
            )?,
            frame: FrameLimits {
                frame_bytes_max: env.number(
                    "ROOMTONE_FRAME_BYTES_MAX",
                    64 << 10,
                    1024..=16 << 20,
                )?,
                headers_max: env.number("ROOMTONE_HEADERS_MAX", 64, 8..=4096)?,
                header_bytes_max: env.number("ROOMTONE_HEADER_BYTES_MAX", 4096, 256..=1 << 20)?,
            },
            subscriptions_max: env.number("ROOMTONE_SUBSCRIPTIONS_MAX", 64, 1..=10_000)?,
            transactions_max: env.number("ROOMTONE_TRANSACTIONS_MAX", 16, 1..=1_000)?,
            sockets_per_user_max: env.number("ROOMTONE_SOCKETS_PER_USER_MAX", 16, 1..=1_000_000)?,
            sockets_max: env.number("ROOMTONE_SOCKETS_MAX", 100_000, 1..=10_000_000)?,
            connections_max: env.number("ROOMTONE_CONNECTIONS_MAX", 8_192, 1..=1_000_000)?,
            proxies: env.number("ROOMTONE_PROXIES", 0, 0..=8)?,
            sockets_per_address_max: env.number(
                "ROOMTONE_SOCKETS_PER_ADDRESS_MAX",
                5_000,
                1..=10_000_000,
            )?,
            upgrade_rate: Rate {
                per_s: env.number("ROOMTONE_UPGRADES_PER_S", 100, 1..=10_000_000)?,
                burst: env.number("ROOMTONE_UPGRADE_BURST", 5_000, 1..=10_000_000)?,
            },
            connect_ms: seconds("ROOMTONE_CONNECT_S", 10, 600)?,
            heart_beat_ms: env.number("ROOMTONE_HEART_BEAT_S", 10, 1..=600)? * 1000,
            silence_ping_ms: seconds("ROOMTONE_SILENCE_PING_S", 10, 600)?,
            silence_close_ms: seconds("ROOMTONE_SILENCE_CLOSE_S", 20, 1200)?,
            backlog_bytes_max: env.number(
                "ROOMTONE_BACKLOG_BYTES_MAX",
                1 << 20,
                64 << 10..=1 << 30,
            )?,
            slow_close_ms: seconds("ROOMTONE_SLOW_CLOSE_S", 30, 600)?,
            send_rate: env.send_rate()?,
            room_send_rate: env.room_send_rate()?,
            drain_ms: seconds("ROOMTONE_DRAIN_S", 10, 600)?,
            ws_echo: env.flag("ROOMTONE_WS_ECHO")?,
            origins: env.origins()?,
        };
        if settings.silence_close_ms <= settings.silence_ping_ms {
            return Err(ConfigError::new(
                "ROOMTONE_SILENCE_CLOSE_S",
                "must be more than ROOMTONE_SILENCE_PING_S",
            ));
        }
        Ok(settings)
    }
}
