//! Exit: the user stops being a member.

use std::rc::Rc;

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Result;
use roomtone_shared::rooms;

use super::Session;
use super::request::Done;

impl Session {
    pub(super) async fn exit(self: &Rc<Self>, room: RoomId) -> Result<Done> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let exit = async move {
            // Whoever was a member once may say again that they go; nobody else learns of the room.
            if stores.memberships.get(room, &uid).await?.is_none() {
                return Err(rooms::not_a_member());
            }
            rooms::exit(&stores, room, &uid).await
        };
        let exited = self.shard.node.ask(exit).await?;
        if let Some(offset) = exited.offset {
            self.shard.reached(room, offset).await;
        }
        Ok((vec![], exited.notice))
    }
}
