//! Join: the user becomes a member, or comes back, and this socket comes into the room.

use std::rc::Rc;

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::rooms;
use roomtone_shared::rooms::view::PresenceWord;
use serde_json::json;
use tokio::time::Instant;

use super::Session;
use super::request::Done;
use crate::shard::subscription::State;

impl Session {
    pub(super) async fn join(self: &Rc<Self>, room: RoomId) -> Result<Done> {
        let joined = self.come_in(room).await;
        self.came();
        if joined.is_err() {
            self.forget_places();
        }
        joined
    }

    async fn come_in(self: &Rc<Self>, room: RoomId) -> Result<Done> {
        let node = self.shard.node.clone();
        let profile = self.user.get().map(|user| user.profile.clone());
        let who = profile.ok_or_else(|| Error::Unauthenticated("not connected".into()))?;
        // The room is watched from before, so that nothing that happens meanwhile is missed.
        let (stores, joiner) = (node.stores.clone(), who.clone());
        let joining = node.ask(async move { rooms::join(&stores, room, &joiner).await });
        let joined = self.coming(room, joining).await?;
        if let Some(offset) = joined.offset {
            self.shard.reached(room, offset).await;
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
        let view = node
            .ask(async move { rooms::view::room(&stores, &of, Some(&uid)).await })
            .await?;
        let mut reply = json!({
            "type": "JOINED",
            "presence": PresenceWord::from(self.place(room).is_some_and(|p| p.joined && p.switch && p.inside)),
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
        let position = self.shard.position(room);
        for subscription in self
            .of_room(room)
            .iter()
            .filter(|s| s.state.get() == State::Silent)
        {
            self.shard.start(subscription, position, Instant::now());
        }
    }
}
