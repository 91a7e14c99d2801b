//! Leave: this socket goes out of the room; its user stays a member.

use std::rc::Rc;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Result;
use roomtone_shared::rooms;

use super::Session;
use super::request::Done;

impl Session {
    pub(super) async fn leave(
        self: &Rc<Self>,
        room: RoomId,
        mark: Option<MessageId>,
    ) -> Result<Done> {
        let seen = self.seen(room);
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let marked = async move {
            let member = rooms::member(&stores, room, &uid).await?;
            if let Some(mark) = mark {
                rooms::check_mark(&stores, room, mark).await?;
            }
            match mark.or(seen) {
                Some(mark) => {
                    stores
                        .memberships
                        .mark(room, &uid, member.sequence, mark)
                        .await
                }
                None => Ok(()),
            }
        };
        self.shard.node.ask(marked).await?;
        let told = self.go_out(room);
        if self.place(room).is_some() {
            self.silence_chat(room);
        }
        if let Some(told) = told {
            // A failure is told again in the background.
            let _ = told.await;
        }
        Ok((vec![], None))
    }
}
