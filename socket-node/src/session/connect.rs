//! CONNECT: version, login, heart-beats.

use std::rc::Rc;

use bytes::BytesMut;
use roomtone_shared::auth;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::error::Result;

use super::fault::Fault;
use super::{Session, User};
use crate::frame::{Connected, Frame, Headers, ServerFrame, Version};

/// What CONNECTED names the server.
const SERVER: &str = concat!("roomtone/", env!("CARGO_PKG_VERSION"));

impl Session {
    /// Logs the client in.
    pub(super) async fn connect(self: &Rc<Self>, frame: &Frame) -> Result<(), Fault> {
        let headers = &frame.headers;
        if !frame.command.is_connect() {
            return Err(Fault::new(
                "not connected",
                "a session begins with CONNECT or STOMP",
            ));
        }
        let version = Version::negotiate(headers.get("accept-version"))
            .map_err(|_| Fault::no_common_version())?;
        let (client_beats_ms, client_hears_ms) = heart_beat(headers, version)?;
        let (profile, expires_at_ms) = self.log_in(headers).await?;
        let node = &self.shard.node;
        let max = node.settings.sockets_per_user_max;
        let account =
            node.accounts
                .enter(&profile.uid, max, node.settings.send_rate, node.now_ms());
        let account = account.ok_or_else(|| Fault::limit("sockets of a user", max))?;
        self.version.set(version);
        self.expires_at_ms.set(expires_at_ms);
        let own = node.settings.heart_beat_ms;
        self.beats_ms.set(agreed(own, client_hears_ms));
        self.hears_ms.set(agreed(own, client_beats_ms));
        let uid = profile.uid.clone();
        // It was none until now: one task, and one CONNECT.
        let _ = self.user.set(User { profile, account });
        self.shard.logged_in(&uid, self);
        let (session, mut out) = (self.name(), BytesMut::new());
        if let Ok(connected) = Connected::new(version, &session, SERVER, (own, own)) {
            ServerFrame::Connected(connected).write_ws(version, &mut out);
        }
        self.send(out.freeze());
        Ok(())
    }

    async fn log_in(&self, headers: &Headers) -> Result<(Profile, u64), Fault> {
        let header = headers
            .get("Authorization")
            .or_else(|| headers.get("authorization"));
        let token = header
            .and_then(auth::bearer)
            .or_else(|| headers.get("passcode"));
        let refused = |detail: String| Fault::new("login refused", detail);
        let token = token.ok_or_else(|| {
            refused(
                "CONNECT needs the header Authorization: Bearer <JWT>, or passcode: <JWT>".into(),
            )
        })?;
        self.verify(token)
            .await
            .map_err(|why| refused(why.to_string()))
    }

    /// Who a token says somebody is, and until when.
    pub(super) async fn verify(&self, token: &str) -> Result<(Profile, u64)> {
        let (auth, token) = (self.shard.node.auth.clone(), token.to_owned());
        let verify = async move { Ok(auth.verify(&token).await?) };
        let identity = self.shard.node.ask(verify).await?;
        Ok((auth::profile(&identity)?, identity.expires_at_ms))
    }
}

/// What the client offers and wants, in milliseconds.
fn heart_beat(headers: &Headers, version: Version) -> Result<(u32, u32), Fault> {
    let Some(value) = headers.get("heart-beat") else {
        return Ok((0, 0));
    };
    let number = |text: &str| {
        text.parse::<u32>()
            .ok()
            .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
    };
    let pair = value
        .split_once(',')
        .and_then(|(a, b)| number(a).zip(number(b)));
    let pair = pair.ok_or_else(|| {
        Fault::new(
            "malformed heart-beat",
            "heart-beat must be two whole numbers of milliseconds, such as 10000,10000",
        )
    })?;
    Ok(if version == Version::V1_0 {
        (0, 0)
    } else {
        pair
    })
}

/// One way's interval: the longer of the two sides', or none where either has none.
fn agreed(own_ms: u32, other_ms: u32) -> u32 {
    if other_ms == 0 {
        0
    } else {
        own_ms.max(other_ms)
    }
}
