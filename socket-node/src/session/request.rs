//! SENDs other than messages: join, leave, exit, presence, read, refresh.

use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::rooms;
use serde_json::json;

use super::Session;
use super::command::{Request, word};
use super::fault::Fault;
use crate::shard::subscription::State;

/// What a request came to: a message to the client's replies, and the id of the room's own message.
type Done = (Vec<Bytes>, Option<MessageId>);

impl Request {
    fn room(&self) -> Option<RoomId> {
        match self {
            Self::Join { room } | Self::Leave { room, .. } | Self::Exit { room } | Self::Presence { room, .. } | Self::Read { room, .. } => Some(*room),
            Self::Talk(talk) => Some(talk.room),
            Self::Refresh { .. } => None,
        }
    }
}

/// Off the socket, nobody is told whether a room they are no member of exists.
fn look_alike(error: Error) -> Error {
    match error {
        Error::NotFound(_) => rooms::not_a_member(),
        other => other,
    }
}

impl Session {
    /// Does what a SEND asks for, and answers it.
    pub(super) async fn request(self: &Rc<Self>, request: Result<Request>, receipt: Option<String>) -> std::result::Result<(), Fault> {
        let room = request.as_ref().ok().and_then(Request::room);
        let done = match self.take_send().and(request) {
            Ok(Request::Talk(talk)) => {
                self.talk(vec![(talk, receipt)], None).await;
                return Ok(());
            }
            Ok(request) => self.perform(request).await,
            Err(why) => Err(why),
        };
        let answer = self.answers.borrow_mut().keep();
        match done {
            Ok((mut frames, message_id)) => {
                frames.extend(receipt.map(|receipt| self.receipt(&receipt, message_id)));
                self.answer(answer, frames);
            }
            Err(why) => self.refuse(answer, &why, room, receipt.as_deref()),
        }
        Ok(())
    }

    /// Takes a SEND of the user's rate.
    pub(super) fn take_send(&self) -> Result<()> {
        let node = &self.shard.node;
        let Some(user) = self.user.get() else { return Ok(()) };
        let taken = user.account.take_send(node.settings.send_rate, node.now_ms());
        taken.map_err(|after_ms| Error::TooFast {
            what: format!("more than {} SENDs a second", node.settings.send_rate.per_s),
            retry_after_s: after_ms.div_ceil(1000),
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

    fn own_uid(&self) -> Result<Uid> {
        let uid = self.uid().cloned();
        uid.ok_or_else(|| Error::Unauthenticated("not connected".into()))
    }

    async fn join(self: &Rc<Self>, room: RoomId) -> Result<Done> {
        let node = self.shard.node.clone();
        let profile = self.user.get().map(|user| user.profile.clone());
        let who = profile.ok_or_else(|| Error::Unauthenticated("not connected".into()))?;
        // The room is watched from before, so that nothing that happens meanwhile is missed.
        self.with_place(room, |_| ());
        let (stores, joiner) = (node.stores.clone(), who.clone());
        let joined = node.ask(async move { rooms::join(&stores, room, &joiner).await }).await;
        let joined = joined.inspect_err(|_| self.forget_places())?;
        if let Some(offset) = joined.offset {
            self.shard.reached(offset).await;
        }
        let member = self.with_place(room, |place| {
            place.read(Some(&joined.membership));
            place.left = false;
            place.joined
        });
        if member {
            if let Some(told) = self.enter(room) {
                // A failure is told again in the background.
                let _ = told.await;
            }
            self.start_silent(room);
        }
        let (stores, uid, of) = (node.stores.clone(), who.uid, joined.room);
        let view = node.ask(async move { rooms::view::room(&stores, &of, Some(&uid)).await }).await?;
        let mut reply = json!({
            "type": "JOINED",
            "presence": word(self.place(room).is_some_and(|p| p.joined && p.switch && p.inside)),
            "nowPlaying": &view.now_playing,
            "currentMusicId": &view.now_playing.music_id,
            "room": &view,
        });
        if let Some(evicted) = joined.evicted {
            reply["evictedRoomId"] = json!(evicted);
        }
        Ok((self.reply(&reply), joined.notice))
    }

    /// What this socket subscribed to in a room and does not hear starts now.
    fn start_silent(self: &Rc<Self>, room: RoomId) {
        let cursor = self.shard.cursor.get();
        for subscription in self.of_room(room).iter().filter(|s| s.state.get() == State::Silent) {
            self.shard.start(subscription, cursor, Instant::now());
        }
    }

    async fn leave(self: &Rc<Self>, room: RoomId, mark: Option<MessageId>) -> Result<Done> {
        let seen = self.seen(room);
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let marked = async move {
            let member = rooms::member(&stores, room, &uid).await?;
            if let Some(mark) = mark {
                rooms::check_mark(&stores, room, mark).await?;
            }
            match mark.or(seen) {
                Some(mark) => stores.memberships.mark(room, &uid, member.sequence, mark).await,
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

    async fn exit(self: &Rc<Self>, room: RoomId) -> Result<Done> {
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
            self.shard.reached(offset).await;
        }
        Ok((vec![], exited.notice))
    }

    async fn switch(self: &Rc<Self>, room: RoomId, on: bool) -> Result<Done> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let switched = self.shard.node.ask(async move { rooms::switch(&stores, room, &uid, on).await }).await?;
        if let Some(offset) = switched.offset {
            self.shard.reached(offset).await;
        }
        let reply = json!({ "type": "PRESENCE", "roomId": room, "presence": word(on) });
        Ok((self.reply(&reply), None))
    }

    async fn mark(self: &Rc<Self>, room: RoomId, mark: MessageId) -> Result<Done> {
        let (stores, uid) = (self.shard.node.stores.clone(), self.own_uid()?);
        let marked = async move {
            let member = rooms::member(&stores, room, &uid).await?;
            rooms::check_mark(&stores, room, mark).await?;
            stores.memberships.mark(room, &uid, member.sequence, mark).await
        };
        self.shard.node.ask(marked).await?;
        Ok((vec![], None))
    }

    async fn refresh(self: &Rc<Self>, token: &str) -> Result<Done> {
        let (profile, expires_at_ms) = self.verify(token).await.map_err(Error::Unauthenticated)?;
        if Some(&profile.uid) != self.uid() {
            return Err(Error::Forbidden("the token is of another user".into()));
        }
        self.expires_at_ms.set(expires_at_ms);
        let reply = json!({ "type": "REFRESHED", "expiresAt": Timestamp::from_ms(expires_at_ms) });
        Ok((self.reply(&reply), None))
    }
}
