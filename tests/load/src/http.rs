//! Roomtone's HTTP operations, as far as a run needs them: tokens and rooms.

use std::net::SocketAddr;
use std::time::Duration;

use roomtone_shared::auth::{Claims, Signer};
use serde_json::{Value, json};

use crate::Failure;

/// How long a token lasts; no run takes longer.
pub(crate) const TOKEN: Duration = Duration::from_secs(6 * 3_600);

/// Somebody who makes tokens and rooms.
pub(crate) struct Http {
    at: SocketAddr,
    signer: Option<Signer>,
}

impl Http {
    /// Where there is no signer, the local run signs.
    pub(crate) fn new(at: SocketAddr, signer: Option<Signer>) -> Self {
        Self { at, signer }
    }

    /// A token of this user's.
    pub(crate) fn token(&self, uid: &str, scope: Option<&str>) -> Result<String, Failure> {
        if let Some(signer) = &self.signer {
            let claims = Claims {
                uid: uid.into(),
                nickname: Some(uid.into()),
                picture: None,
                scope: scope.map(Into::into),
            };
            return Ok(signer.sign(&claims, TOKEN)?);
        }
        let mut who = json!({"uid": uid, "nickname": uid});
        if let Some(scope) = scope {
            who["scope"] = scope.into();
        }
        let answer = self.post("/dev/token", None, &who)?;
        Ok(text(&answer["token"]))
    }

    /// The id of a new room of this owner's.
    pub(crate) fn create(&self, service: &str, owner: &str) -> Result<String, Failure> {
        let request = Self::creation(owner);
        let room = self.post("/v1/api/rooms/create", Some(service), &request)?;
        Ok(text(&room["id"]))
    }

    /// What asks for the room of this owner's playlist.
    pub(crate) fn creation(owner: &str) -> Value {
        let music = json!({"title": "t", "artist": "a", "playtime": "3:00", "thumbnail": "/t.png"});
        let playlist = json!({"id": format!("of-{owner}"), "name": "load", "musics": [music]});
        json!({"uid": owner, "userName": owner, "playlist": playlist})
    }

    /// Says something in a room.
    pub(crate) fn say(&self, token: &str, room: &str, content: &str) -> Result<(), Failure> {
        let said = json!({"roomId": room, "content": content});
        self.post("/v1/api/chat/message", Some(token), &said)?;
        Ok(())
    }

    fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value, Failure> {
        let mut request = ureq::post(format!("http://{}{path}", self.at));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.send(body.to_string())?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
