//! What somebody does, and says.

use std::time::Duration;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Asked, Connection, Person};
use crate::notes::{Absence, Heard};
use crate::socket::frame;
use crate::trace::trace;
use crate::world::EPOCH;

/// Messages said again at once.
const AGAIN_MAX: usize = 20;

impl Person {
    /// Is in the rooms that they want to be in and hears them, and says again what is not answered on this connection.
    pub(super) async fn settle(&mut self, connection: &mut Connection) {
        for room in self.rooms[..self.home].to_vec() {
            self.act(connection, "join", room, json!({})).await;
            let heard = |place: &usize| self.notes.heard[*place].room == room;
            if !connection.heard.values().any(heard) {
                self.subscribe(connection, room, true).await;
            }
        }
        self.say_again(connection).await;
    }

    /// Some of what was not answered, and waits for no answer on this connection.
    pub(super) async fn say_again(&mut self, connection: &mut Connection) {
        let open = self
            .open
            .iter()
            .filter(|(own, _)| !connection.said.contains(own));
        let some: Vec<_> = open
            .take(AGAIN_MAX)
            .map(|(own, room)| (own.clone(), *room))
            .collect();
        for (own, room) in some {
            self.say(connection, room, &own).await;
        }
    }

    /// Something or other; false where it ends the connection.
    pub(super) async fn does(&mut self, connection: &mut Connection) -> bool {
        if connection.leaving {
            return true;
        }
        let room = self.rooms[self.random.place(self.home)];
        match self.random.among(0..100) {
            0..50 => self.talk(connection, room).await,
            50..56 => {
                for _ in 0..self.random.among(2..6) {
                    self.talk(connection, room).await;
                }
            }
            56..60 => {
                let place = self.random.place(self.notes.acknowledged.len());
                let again = self
                    .notes
                    .acknowledged
                    .get(place)
                    .map(|a| (a.own.clone(), a.room));
                if let Some((own, room)) = again {
                    self.say(connection, room, &own).await;
                }
            }
            60..66 if self.habits.deaf => {
                let ms = self.random.among(200..9_000);
                trace(&self.uid, format_args!("reads nothing for {ms} ms"));
                connection.deaf_until = Some(Instant::now() + Duration::from_millis(ms));
                connection.read_again = connection.deaf_until;
            }
            66..74 => {
                self.unsubscribe(connection).await;
                let since = self.random.percent(80);
                self.subscribe(connection, room, since).await;
            }
            74..77 if connection.heard.len() < 8 => self.subscribe(connection, room, false).await,
            77..83 => {
                trace(&self.uid, format_args!("cuts the connection"));
                return false;
            }
            83..86 => {
                connection.leaving = true;
                connection
                    .socket
                    .send(&frame("DISCONNECT", &[("receipt", "bye")], ""))
                    .await;
            }
            86..90 if self.habits.wander => self.act(connection, "exit", room, json!({})).await,
            90..95 if self.habits.wander => {
                let room = self.rooms[self.random.place(self.rooms.len())];
                self.act(connection, "join", room, json!({})).await;
            }
            95..97 if self.habits.wander => {
                let to = if self.random.percent(50) { "on" } else { "off" };
                self.act(connection, "presence", room, json!({ "presence": to }))
                    .await;
            }
            97..98 => {
                self.go(connection, room);
                self.act(connection, "leave", room, json!({})).await;
            }
            98..99 => self.leave_by_api(connection, room).await,
            _ => {}
        }
        true
    }

    /// From here on a room's messages may pass them by on this connection, until it is back in the room.
    fn go(&mut self, connection: &Connection, room: RoomId) {
        for place in connection.heard.values() {
            let heard = &mut self.notes.heard[*place];
            if heard.room == room {
                heard.absences.push(Absence {
                    after: heard.last(),
                    until: None,
                });
            }
        }
    }

    /// Leaves a room as a playlist's page does, beside the socket. Whether it worked is all the same.
    async fn leave_by_api(&mut self, connection: &mut Connection, room: RoomId) {
        let Some(mark) = self.last_seen.get(&room).copied() else {
            return;
        };
        self.go(connection, room);
        let coming = connection.is_coming(room);
        let left = rooms::leave(&self.around.api, room, &self.uid, mark).await;
        let at = self.around.world.left_at(room, &self.uid);
        if let (Ok(()), false, Some(at)) = (&left, coming, at) {
            connection.out.insert(room, at);
        }
        trace(
            &self.uid,
            format_args!("leaves {room} by the API: {left:?}"),
        );
    }

    async fn talk(&mut self, connection: &mut Connection, room: RoomId) {
        self.said += 1;
        let own = format!("{}-{}", self.uid, self.said);
        self.open.insert(own.clone(), room);
        self.say(connection, room, &own).await;
    }

    async fn say(&mut self, connection: &mut Connection, room: RoomId, own: &str) {
        connection.said.push(own.into());
        trace(&self.uid, format_args!("says {own} in {room}"));
        let receipt = connection.receipt(Asked::Talk(own.into()));
        let body = json!({ "roomId": room, "content": own, "clientMessageId": own }).to_string();
        let headers = [("destination", "/chat/pub/send"), ("receipt", &receipt)];
        connection
            .socket
            .send(&frame("SEND", &headers, &body))
            .await;
    }

    pub(super) async fn act(
        &mut self,
        connection: &mut Connection,
        verb: &str,
        room: RoomId,
        mut body: Value,
    ) {
        let asked = match verb {
            "join" => Asked::Join(room, self.away_from(connection, room)),
            "leave" => {
                let comings = connection.comings.get(&room).copied();
                Asked::Leave(room, comings.unwrap_or_default())
            }
            _ => Asked::Other,
        };
        if verb == "join" {
            connection.comes(room);
        }
        let receipt = connection.receipt(asked);
        trace(&self.uid, format_args!("{verb} {room}, receipt {receipt}"));
        body["roomId"] = json!(room);
        let destination = format!("/chat/pub/{verb}");
        let headers = [("destination", destination.as_str()), ("receipt", &receipt)];
        connection
            .socket
            .send(&frame("SEND", &headers, &body.to_string()))
            .await;
    }

    /// The absences from a room that are not over yet.
    fn away_from(&self, connection: &Connection, room: RoomId) -> Vec<(usize, usize)> {
        let mut away = vec![];
        for place in connection.heard.values() {
            let heard = &self.notes.heard[*place];
            let of_room = heard.absences.iter().enumerate();
            let open = of_room.filter(|(_, absence)| heard.room == room && absence.until.is_none());
            away.extend(open.map(|(number, _)| (*place, number)));
        }
        away
    }

    pub(super) async fn subscribe(
        &mut self,
        connection: &mut Connection,
        room: RoomId,
        since: bool,
    ) {
        let mut since = self.last_seen.get(&room).copied().filter(|_| since);
        // What somebody has who was here before the log was begun anew.
        if self.random.percent(2) {
            since = Some(MessageId {
                epoch: EPOCH - 1,
                offset: self.random.among(0..1_000),
                index: 0,
            });
        }
        connection.subscribed += 1;
        let id = format!("s{}", connection.subscribed);
        let place = self.notes.heard.len();
        self.notes.heard.push(Heard {
            uid: self.uid.clone(),
            room,
            since,
            from: None,
            items: vec![],
            absences: vec![],
            to_the_end: false,
        });
        connection.heard.insert(id.clone(), place);
        trace(
            &self.uid,
            format_args!("subscribes {id} to {room} since {since:?}"),
        );
        connection.comes(room);
        let receipt = connection.receipt(Asked::Subscribe(room, place));
        let (destination, since) = (
            format!("/chat/topic/room/{room}"),
            since.map(|id| id.to_string()),
        );
        let mut headers = vec![
            ("id", id.as_str()),
            ("destination", &destination),
            ("receipt", &receipt),
        ];
        headers.extend(since.as_ref().map(|since| ("since", since.as_str())));
        connection
            .socket
            .send(&frame("SUBSCRIBE", &headers, ""))
            .await;
    }

    /// Ends one of the subscriptions there are.
    async fn unsubscribe(&mut self, connection: &mut Connection) {
        let place = self.random.place(connection.heard.len());
        let Some(id) = connection.heard.keys().nth(place).cloned() else {
            return;
        };
        connection.heard.remove(&id);
        trace(&self.uid, format_args!("ends {id}"));
        let receipt = connection.receipt(Asked::Unsubscribe(id.clone()));
        let headers = [("id", id.as_str()), ("receipt", &receipt)];
        connection
            .socket
            .send(&frame("UNSUBSCRIBE", &headers, ""))
            .await;
    }
}
