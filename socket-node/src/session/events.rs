//! What the log tells a session about its own user.

use std::rc::Rc;

use roomtone_shared::domain::event::{MemberChange, MemberEvent};
use roomtone_shared::domain::room::RoomId;
use serde_json::json;
use tokio::time::Instant;

use super::Session;
use super::places::Place;
use crate::shard::subscription::{State, Topic};

impl Session {
    /// The user's membership of a room changed, by the record at `offset`.
    pub(crate) fn member(
        self: &Rc<Self>,
        room: RoomId,
        event: &MemberEvent,
        offset: u64,
        now: Instant,
    ) {
        if self.place(room).is_none() || !self.with_place(room, |place| place.heard(event)) {
            return;
        }
        match event.change {
            MemberChange::Joined { .. } => self.joined(room, offset, now),
            MemberChange::Exited { .. } => {
                self.of_room(room)
                    .iter()
                    .for_each(|s| self.shard.stop(s, offset));
                drop(self.go_out(room));
                self.with_place(room, |place| place.left = false);
                self.forget_places();
            }
            MemberChange::Switched { .. } => {}
        }
    }

    /// The user became a member: what this socket subscribed to before starts here.
    fn joined(self: &Rc<Self>, room: RoomId, offset: u64, now: Instant) {
        let left = self.place(room).is_some_and(|place| place.left);
        for subscription in self.of_room(room) {
            if subscription.detour().stop_at.is_some() {
                subscription.turn(|detour| detour.again_at = Some(offset));
            } else if subscription.state.get() == State::Silent && !left {
                if matches!(subscription.topic, Topic::Chat(_)) {
                    drop(self.enter(room));
                }
                self.shard.start(&subscription, offset, now);
            }
        }
    }

    /// The user left the room over HTTP, by the record at `offset`: this socket with them, unless it came later.
    pub(crate) fn taken_out(self: &Rc<Self>, room: RoomId, offset: u64) {
        let came_before = |place: Place| offset >= place.came_at;
        if self.leaves_while_coming(room, offset) || !self.place(room).is_some_and(came_before) {
            return;
        }
        drop(self.go_out(room));
        self.silence_chat(room);
    }

    /// The room's messages reach this socket no more, until a join.
    pub(super) fn silence_chat(&self, room: RoomId) {
        self.with_place(room, |place| place.left = true);
        for subscription in self
            .of_room(room)
            .iter()
            .filter(|s| s.topic == Topic::Chat(room))
        {
            self.shard.silence(subscription, State::Silent);
        }
        self.forget_places();
    }

    /// The rule of four rooms ended the user's membership of a room.
    pub(crate) fn evicted(self: &Rc<Self>, room: RoomId, by: RoomId) {
        let body = json!({ "type": "EVICTED", "roomId": room, "byRoomId": by });
        self.reply(&body)
            .into_iter()
            .for_each(|frame| self.send(frame));
    }
}
