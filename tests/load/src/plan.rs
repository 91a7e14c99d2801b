//! What a run is to do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use roomtone_shared::auth::{AuthSettings, Secret, Signer};

use crate::Failure;

/// Whom the load is for, by how it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Roomtone: a token, a room of HTTP's, join, STOMP.
    Roomtone,
    /// RabbitMQ's Web-STOMP: a guest and a topic.
    Rabbitmq,
    /// A relay of STOMP text by topics, such as one on uWebSockets.
    Relay,
    /// `roomtone-load limit`.
    Limit,
}

/// A run.
#[derive(Args)]
pub(crate) struct Plan {
    /// Whom it is for.
    #[arg(long, value_enum, default_value = "roomtone")]
    pub(crate) target: Target,
    /// Where sockets connect; given several times, connections are spread over all.
    #[arg(long, required = true)]
    pub(crate) at: Vec<SocketAddr>,
    /// Where Roomtone's HTTP operations are; absent: where sockets connect.
    #[arg(long)]
    pub(crate) http: Option<SocketAddr>,
    /// What tokens are signed with here; absent: the local run signs them.
    #[arg(long, env = "AUTH_HS256_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// What users' ids begin with; those of an earlier run are members already. Absent: new users.
    #[arg(long)]
    pub(crate) users: Option<String>,
    /// A file of the rooms' ids, a line each: read where it is there, and written where it is not. Who has it needs no HTTP.
    #[arg(long)]
    pub(crate) rooms_in: Option<PathBuf>,
    /// The server's processes, whose CPU time and memory are measured.
    #[arg(long)]
    pub(crate) pid: Vec<u32>,
    /// Other processes that work for it, such as stores: what they take is counted apart.
    #[arg(long)]
    pub(crate) beside_pid: Vec<u32>,
    /// Waits by the system's clock of milliseconds for what is due next, and leaves the core to others meanwhile.
    #[arg(long, requires = "rate")]
    pub(crate) patient: bool,
    /// Rooms.
    #[arg(long, default_value_t = 1)]
    pub(crate) rooms: usize,
    /// Listeners in each room.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) members: usize,
    /// Messages of a room that are under way at once, until its last listener has them.
    #[arg(long, default_value_t = 32, conflicts_with = "rate")]
    pub(crate) window: u64,
    /// Messages that are under way at once over all rooms, which come one after the other.
    #[arg(long, conflicts_with_all = ["rate", "window"])]
    pub(crate) in_turn: Option<u64>,
    /// Messages a second, over all rooms, whatever becomes of them.
    #[arg(long)]
    pub(crate) rate: Option<u64>,
    /// Messages of each room that are measured, rather than seconds.
    #[arg(long, conflicts_with = "rate")]
    pub(crate) messages: Option<u64>,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 4.0)]
    pub(crate) secs: f64,
    /// Seconds before that.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) warm_up_secs: f64,
    /// Characters of a message, 30 at least.
    #[arg(long, default_value_t = 30)]
    pub(crate) chars: usize,
    /// Bytes of a frame, for targets that relay frames as they get them; 90 at least.
    #[arg(long, default_value_t = 460)]
    pub(crate) frame_bytes: usize,
    /// What the line of figures calls this run.
    #[arg(long, default_value = "")]
    pub(crate) label: String,
}

impl Plan {
    /// Signs tokens, where there is a secret for it.
    pub(crate) fn signer(&self) -> Result<Option<Signer>, Failure> {
        let signer = self.secret.as_ref().map(|secret| {
            Signer::new(&AuthSettings {
                hs256_secret: Some(Secret::new(secret)),
                ..AuthSettings::default()
            })
        });
        Ok(signer.transpose()?)
    }

    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up_secs)
    }

    pub(crate) fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.secs)
    }
}
