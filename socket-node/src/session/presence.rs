//! Presence: the user's own switch.

use std::rc::Rc;

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Result;
use roomtone_shared::rooms;
use roomtone_shared::rooms::view::PresenceWord;
use serde_json::json;

use super::Session;
use super::request::Done;

impl Session {
    pub(super) async fn switch(self: &Rc<Self>, room: RoomId, on: bool) -> Result<Done> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let switched = self
            .shard
            .node
            .ask(async move { rooms::switch(&stores, room, &uid, on).await })
            .await?;
        if let Some(offset) = switched.offset {
            self.shard.reached(room, offset).await;
        }
        let reply =
            json!({ "type": "PRESENCE", "roomId": room, "presence": PresenceWord::from(on) });
        Ok((self.reply(&reply), None))
    }
}
