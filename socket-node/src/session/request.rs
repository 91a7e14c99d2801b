//! SENDs other than messages: each counted, done, and answered in its turn.

use std::rc::Rc;

use bytes::Bytes;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::rooms;

use super::Session;
use super::asked::{Asked, Request};
use super::talk::Burst;

/// What a request came to: frames for the client's replies, and the id of the room's own message.
pub(super) type Done = (Vec<Bytes>, Option<MessageId>);

/// On the socket, nobody is told whether a room they are no member of exists.
fn look_alike(error: Error) -> Error {
    match error {
        Error::NotFound(_) => rooms::not_a_member(),
        other => other,
    }
}

impl Session {
    /// Does what a SEND asks for, and answers it; a message waits in the burst that it is of.
    pub(super) async fn request(
        self: &Rc<Self>,
        asked: Asked,
        receipt: Option<String>,
        burst: &mut Burst,
    ) {
        let request = match self.take_send().and(asked.request) {
            Ok(Request::Talk(talk)) => {
                if !burst.takes(&talk) {
                    self.send_burst(burst).await;
                    if self.is_over() {
                        return;
                    }
                }
                return burst.push(talk, receipt);
            }
            other => other,
        };
        self.send_burst(burst).await;
        if self.is_over() {
            return;
        }
        let done = match request {
            Ok(request) => Box::pin(self.perform(request)).await,
            Err(why) => Err(why),
        };
        let answer = self.keep_answer();
        match done {
            Ok((mut frames, message_id)) => {
                frames.extend(receipt.map(|receipt| self.receipt(&receipt, message_id)));
                self.answer(answer, frames);
            }
            Err(why) => self.refuse(answer, &why, asked.room, &[receipt.as_deref()]),
        }
    }

    /// Takes a SEND of the user's rate.
    pub(super) fn take_send(&self) -> Result<()> {
        let node = &self.shard.node;
        let Some(user) = self.user.get() else {
            return Ok(());
        };
        let taken = user
            .account
            .take_send(node.settings.send_rate, node.now_ms());
        taken.map_err(|retry_after_s| Error::TooFast {
            what: format!("more than {} SENDs a second", node.settings.send_rate.per_s),
            retry_after_s,
        })
    }

    async fn perform(self: &Rc<Self>, request: Request) -> Result<Done> {
        match request {
            Request::Join { room } => self.join(room).await,
            Request::Leave { room, mark } => self.leave(room, mark).await.map_err(look_alike),
            Request::Exit { room } => self.exit(room).await.map_err(look_alike),
            Request::Presence { room, on } => self.switch(room, on).await.map_err(look_alike),
            Request::Read { room, mark } => self.mark(room, mark).await.map_err(look_alike),
            Request::Refresh { token } => self.refresh(&token).await,
            // Messages go their own way.
            Request::Talk(_) => Ok((vec![], None)),
        }
    }

    /// Who is logged in.
    pub(super) fn own_uid(&self) -> Result<Uid> {
        let uid = self.uid().cloned();
        uid.ok_or_else(|| Error::Unauthenticated("not connected".into()))
    }
}
