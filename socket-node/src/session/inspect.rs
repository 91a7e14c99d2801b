//! What an operator is told of a session.

use super::Session;
use crate::shard::inspect::Connection;

impl Session {
    /// How it is; none of one that is not logged in yet.
    pub(crate) fn inspect(&self) -> Option<Connection> {
        let profile = &self.user.get()?.profile;
        let places = self.places.borrow();
        let now_ms = self.shard.node.now_ms();
        Some(Connection {
            session: self.name(),
            uid: profile.uid.clone(),
            nick_name: profile.nick_name.to_string(),
            rooms: places.iter().filter(|p| p.inside).map(|p| p.room).collect(),
            subscriptions: self.subscriptions.borrow().len(),
            backlog_bytes: self.backlog_bytes(),
            silent_ms: now_ms.saturating_sub(self.last_read_ms.get()),
        })
    }
}
