//! Refresh: a new token for a live session.

use std::rc::Rc;

use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::error::{Error, Result};
use serde_json::json;

use super::Session;
use super::request::Done;

impl Session {
    pub(super) async fn refresh(self: &Rc<Self>, token: &str) -> Result<Done> {
        let (profile, expires_at_ms) = self.verify(token).await?;
        if Some(&profile.uid) != self.uid() {
            return Err(Error::Forbidden("the token is of another user".into()));
        }
        self.expires_at_ms.set(expires_at_ms);
        let reply = json!({ "type": "REFRESHED", "expiresAt": Timestamp::from_ms(expires_at_ms) });
        Ok((self.reply(&reply), None))
    }
}
