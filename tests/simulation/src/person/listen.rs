//! What comes to somebody, and what they make of it.

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use serde_json::Value;
use tokio::time::Instant;

use super::{Asked, Connection, Person};
use crate::notes::{Acknowledged, Item, Octets};
use crate::socket::Frame;
use crate::trace::trace;
use crate::world::{PARTITIONS, TROUBLED_FOR};

impl Person {
    pub(super) fn take(&mut self, connection: &mut Connection, frame: &Frame) {
        trace(&self.uid, format_args!("gets {frame}"));
        match frame.command.as_str() {
            "RECEIPT" => self.take_receipt(connection, frame),
            "MESSAGE" => {
                let body: Value = serde_json::from_slice(&frame.body).expect("a message is JSON");
                if frame.get("subscription") == Some("replies") {
                    self.take_reply(connection, &body);
                } else {
                    self.take_message(connection, frame, &body);
                }
            }
            // The membership store is away, and SUBSCRIBE needs it.
            "ERROR" if frame.get("message") == Some("unavailable") => self.excuse("ERROR"),
            other => panic!(
                "{} got {other}: {}",
                self.uid,
                String::from_utf8_lossy(&frame.body)
            ),
        }
    }

    fn take_receipt(&mut self, connection: &mut Connection, frame: &Frame) {
        let receipt = frame.get("receipt-id").expect("a receipt has an id");
        let asked = connection.receipts.remove(receipt);
        match asked.map(|(asked, _)| asked) {
            Some(Asked::Talk(own)) => {
                let id = frame
                    .get("message-id")
                    .expect("a message's receipt has its id");
                let id = MessageId::parse("message-id", id).expect("a message's id");
                connection.said.retain(|said| *said != own);
                let before = self
                    .notes
                    .acknowledged
                    .iter()
                    .find(|a| a.own == own)
                    .map(|a| a.room);
                if let Some(room) = self.open.remove(&own).or(before) {
                    self.notes.acknowledged.push(Acknowledged {
                        uid: self.uid.clone(),
                        room,
                        own,
                        id,
                    });
                }
            }
            Some(Asked::Subscribe(room, place)) => {
                let end = self.end_of(room);
                self.notes.heard[place].from = Some(end);
            }
            Some(Asked::Unsubscribe(id)) => drop(connection.ended.insert(id)),
            Some(Asked::Leave(room, comings)) => {
                if connection.comings.get(&room).copied().unwrap_or_default() == comings {
                    connection.out.insert(room, 0);
                }
            }
            Some(Asked::Join(room, absences)) => {
                let end = self.end_of(room);
                for (place, number) in absences {
                    self.notes.heard[place].absences[number].until = Some(end);
                }
            }
            Some(Asked::Other) => {}
            None => assert_eq!(receipt, "bye", "a receipt that nobody asked for"),
        }
    }

    /// Sees that there is a reason for what a server could not do.
    fn excuse(&mut self, what: &str) {
        if !self.around.world.is_troubled() {
            let what = format!("{} got {what}, and nothing was away", self.uid);
            self.notes.wrong.push(what);
        }
    }

    /// Where a room's part of the log ends.
    fn end_of(&self, room: RoomId) -> u64 {
        self.around.world.ends()[room.partition(PARTITIONS).index()]
    }

    fn take_reply(&mut self, connection: &mut Connection, body: &Value) {
        if body["type"] != "REFUSED" {
            return;
        }
        self.notes.refused += 1;
        let gone = match body["status"].as_u64() {
            // Said again on the next connection, or at last.
            Some(503) => {
                self.excuse("503");
                false
            }
            // Gone, or off: nobody was to hear it.
            Some(403) => true,
            _ => panic!("{} was refused: {body}", self.uid),
        };
        let receipt = body["receipt"].as_str().expect("all asked for a receipt");
        let asked = connection.receipts.remove(receipt);
        let Some((Asked::Talk(own), _)) = asked else {
            return;
        };
        connection.said.retain(|said| *said != own);
        if gone {
            self.open.remove(&own);
        }
    }

    fn take_message(&mut self, connection: &mut Connection, frame: &Frame, body: &Value) {
        let subscription = frame
            .get("subscription")
            .expect("a message has a subscription");
        // What was sent before UNSUBSCRIBE came may come behind it, but not behind its receipt.
        let Some(place) = connection.heard.get(subscription) else {
            if connection.ended.contains(subscription) {
                let what = format!("{} got {frame} behind its end", self.uid);
                self.notes.wrong.push(what);
            }
            return;
        };
        let heard = &mut self.notes.heard[*place];
        let id = |field: &str| {
            let text = body[field].as_str().expect("an id");
            MessageId::parse("id", text).expect("a message's id")
        };
        if body["messageType"] == "GAP" {
            let was_deaf = connection
                .read_again
                .is_some_and(|at| Instant::now() < at + TROUBLED_FOR);
            heard.items.push(Item::Gap {
                after: id("after"),
                before: id("before"),
                troubled: was_deaf || self.around.world.is_mute(),
            });
            return;
        }
        let id = id("id");
        let octets = Octets(frame.body.clone());
        heard.items.push(Item::Message(id, octets));
        let out = connection.out.get(&heard.room);
        if out.is_some_and(|from| id.offset >= *from) {
            let what = format!("{} got {id} of {} and had left", self.uid, heard.room);
            self.notes.wrong.push(what);
        }
        if self.around.world.has_gone_before(heard.room, &self.uid, id) {
            let what = format!("{} got {id} of {} and was gone", self.uid, heard.room);
            self.notes.wrong.push(what);
        }
        let last = self.last_seen.entry(heard.room).or_insert(id);
        *last = id.max(*last);
    }
}
