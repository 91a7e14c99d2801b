//! Read: how far the user has read, while the room stays open.

use std::rc::Rc;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Result;
use roomtone_shared::rooms;

use super::Session;
use super::request::Done;

impl Session {
    pub(super) async fn mark(self: &Rc<Self>, room: RoomId, mark: MessageId) -> Result<Done> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let marked = async move {
            let member = rooms::member(&stores, room, &uid).await?;
            rooms::check_mark(&stores, room, mark).await?;
            stores
                .memberships
                .mark(room, &uid, member.sequence, mark)
                .await
        };
        self.shard.node.ask(marked).await?;
        Ok((vec![], None))
    }
}
