//! The verdict on a record: shown, a repeat, or void.
//!
//! It is a pure function of the log before the record, and reaches back no further than ten minutes of the
//! log's time, so that every reader that has read those ten minutes says the same, whenever it started. One
//! thing alone may lie further back: the id of a message that is repeated and repeated, with never five
//! minutes between. A reader that began after it knows that these are repeats, and names the first it read.

use std::collections::VecDeque;
use std::sync::Arc;

use ahash::AHashMap;

use super::event::{Event, Fact, Headers, Line, MemberChange, MemberEvent, Playing, Record, Said};
use super::message::{self, Message, MessageId, MessageType};
use super::room::RoomId;
use super::time::Timestamp;
use super::user::{Profile, Uid};
use crate::limits;

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is shown, under this id.
    Shown(MessageId),
    /// The same was shown within the last five minutes, under this id.
    Repeat(MessageId),
    /// Its sender was off, or gone, before it came.
    Void,
}

/// A message that is shown, with the client's own headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// The headers.
    pub headers: Headers,
}

/// A record and what becomes of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The record.
    pub record: Arc<Record>,
    /// For what was said: a verdict on each message.
    pub verdicts: Vec<Verdict>,
    /// For a membership's change: whether it is news. Another kind of record is.
    pub fresh: bool,
    /// The messages that everybody is shown.
    pub shown: Vec<Shown>,
}

impl Judged {
    /// The id of the ENTER or EXIT that a membership's change became.
    #[must_use]
    pub fn notice(&self) -> Option<MessageId> {
        let talk = |shown: &&Shown| shown.message.message_type != MessageType::Talk;
        self.shown
            .first()
            .filter(talk)
            .map(|shown| shown.message.id)
    }
}

type Key = (RoomId, Uid, Arc<str>);

#[derive(Debug)]
struct Heard {
    first: MessageId,
    last_at: Timestamp,
}

#[derive(Debug)]
struct Seat {
    version: u64,
    offset: u64,
    at: Timestamp,
    may_send: bool,
}

/// What is remembered of the last ten minutes of the log.
#[derive(Debug)]
pub struct Judge {
    epoch: u16,
    heard: AHashMap<Key, Heard>,
    seats: AHashMap<(RoomId, Uid), Seat>,
    heard_by_time: VecDeque<(Timestamp, Key)>,
    seats_by_time: VecDeque<(Timestamp, (RoomId, Uid))>,
}

impl Judge {
    /// A judge that has heard nothing yet, for the log's epoch.
    #[must_use]
    pub fn new(epoch: u16) -> Self {
        Self {
            epoch,
            heard: AHashMap::new(),
            seats: AHashMap::new(),
            heard_by_time: VecDeque::new(),
            seats_by_time: VecDeque::new(),
        }
    }

    /// Takes the log's next record.
    // A step of its own to tests/load/instructions.
    #[inline(never)]
    pub fn judge(&mut self, record: Arc<Record>) -> Judged {
        self.forget(record.at);
        let mut judged = Judged {
            record: record.clone(),
            verdicts: vec![],
            fresh: true,
            shown: vec![],
        };
        match &record.fact {
            Fact::In(room, Event::Said(said)) => self.said(*room, said, &mut judged),
            Fact::In(room, Event::Member(event)) => self.member(*room, event, &mut judged),
            Fact::In(..) | Fact::NodeGone(_) | Fact::Kicked(_) | Fact::Unreadable(_) => {}
        }
        judged
    }

    fn said(&mut self, room: RoomId, said: &Said, judged: &mut Judged) {
        let seat = self.seats.get(&(room, said.sender.uid.clone()));
        let void = seat.is_some_and(|seat| !seat.may_send && seat.offset >= said.as_of);
        // Most records have one message, and what is judged is kept for a while: no room is left to grow.
        judged.verdicts.reserve_exact(said.lines.len());
        judged.shown.reserve_exact(said.lines.len());
        for (index, line) in said.lines.iter().enumerate() {
            let id = self.id(&judged.record, index);
            let verdict = if void {
                Verdict::Void
            } else {
                Verdict::Shown(id)
            };
            let verdict = match &line.client_message_id {
                Some(own) => self.heard(
                    (room, said.sender.uid.clone(), own.clone()),
                    verdict,
                    judged.record.at,
                ),
                None => verdict,
            };
            if verdict == Verdict::Shown(id) {
                judged.shown.push(talk(id, room, &said.sender, line));
            }
            judged.verdicts.push(verdict);
        }
    }

    /// The verdict on a message that its sender may have sent before.
    ///
    /// One that is void by itself is not remembered: nobody was shown it, so its sender may send it again. Nor
    /// does it make what is remembered last longer, or whoever did not read that far back would judge otherwise.
    fn heard(&mut self, key: Key, first: Verdict, at: Timestamp) -> Verdict {
        let verdict = match (self.heard.get_mut(&key), first) {
            (Some(before), Verdict::Void) => return Verdict::Repeat(before.first),
            (Some(before), _) => {
                before.last_at = at;
                Verdict::Repeat(before.first)
            }
            (None, Verdict::Shown(id)) => {
                self.heard.insert(
                    key.clone(),
                    Heard {
                        first: id,
                        last_at: at,
                    },
                );
                first
            }
            (None, Verdict::Repeat(_) | Verdict::Void) => return first,
        };
        self.heard_by_time.push_back((at, key));
        verdict
    }

    fn member(&mut self, room: RoomId, event: &MemberEvent, judged: &mut Judged) {
        let key = (room, event.who.uid.clone());
        judged.fresh = self
            .seats
            .get(&key)
            .is_none_or(|seat| event.version > seat.version);
        if !judged.fresh {
            return;
        }
        let may_send = match event.change {
            MemberChange::Joined { .. } => true,
            MemberChange::Exited { .. } => false,
            MemberChange::Switched { on } => on,
        };
        let (offset, at) = (judged.record.offset, judged.record.at);
        self.seats_by_time.push_back((at, key.clone()));
        self.seats.insert(
            key,
            Seat {
                version: event.version,
                offset,
                at,
                may_send,
            },
        );
        let id = self.id(&judged.record, 0);
        judged.shown = notice(id, room, event).into_iter().collect();
    }

    fn id(&self, record: &Record, index: usize) -> MessageId {
        let index = u8::try_from(index).unwrap_or(u8::MAX);
        MessageId {
            epoch: self.epoch,
            offset: record.offset,
            index,
        }
    }

    /// Lets go of what no later verdict can turn on.
    fn forget(&mut self, now: Timestamp) {
        let repeat_from = now.minus_ms(limits::REPEAT_WINDOW_MS);
        while self
            .heard_by_time
            .front()
            .is_some_and(|(at, _)| *at < repeat_from)
        {
            let Some((_, key)) = self.heard_by_time.pop_front() else {
                break;
            };
            if self
                .heard
                .get(&key)
                .is_some_and(|heard| heard.last_at < repeat_from)
            {
                self.heard.remove(&key);
            }
        }
        let seat_from = now.minus_ms(limits::PRE_ROLL_MS);
        while self
            .seats_by_time
            .front()
            .is_some_and(|(at, _)| *at < seat_from)
        {
            let Some((_, key)) = self.seats_by_time.pop_front() else {
                break;
            };
            if self.seats.get(&key).is_some_and(|seat| seat.at < seat_from) {
                self.seats.remove(&key);
            }
        }
    }
}

/// The message of this id, out of its record; none where it has no such message. Whether it was ever shown is for whoever
/// judged it to know.
#[must_use]
pub fn shown(epoch: u16, record: &Record, id: MessageId) -> Option<Shown> {
    let Fact::In(room, event) = &record.fact else {
        return None;
    };
    if (id.epoch, id.offset) != (epoch, record.offset) {
        return None;
    }
    match event {
        Event::Said(said) => {
            let line = said.lines.get(usize::from(id.index))?;
            Some(talk(id, *room, &said.sender, line))
        }
        Event::Member(event) if id.index == 0 => notice(id, *room, event),
        Event::Member(_) | Event::Left(_) | Event::Held { .. } => None,
    }
}

/// What a member says.
fn talk(id: MessageId, room: RoomId, sender: &Profile, line: &Line) -> Shown {
    let what = (
        MessageType::Talk,
        line.content.clone(),
        line.client_message_id.clone(),
    );
    Shown {
        message: message(id, room, sender, line.at, &line.playing, what),
        headers: line.headers.clone(),
    }
}

/// The ENTER or EXIT that a membership's change becomes, if it becomes one.
fn notice(id: MessageId, room: RoomId, event: &MemberEvent) -> Option<Shown> {
    let (kind, text) = match event.change {
        MemberChange::Joined { silent: false, .. } => {
            (MessageType::Enter, message::enter_text(&event.who))
        }
        MemberChange::Exited { .. } => (MessageType::Exit, message::exit_text(&event.who)),
        MemberChange::Joined { silent: true, .. } | MemberChange::Switched { .. } => return None,
    };
    let nothing = Playing {
        music_id: "".into(),
        position_ms: 0,
    };
    let playing = event.playing.as_ref().unwrap_or(&nothing);
    Some(Shown {
        message: message(id, room, &event.who, event.at, playing, (kind, text, None)),
        headers: vec![],
    })
}

fn message(
    id: MessageId,
    room_id: RoomId,
    who: &Profile,
    created_at: Timestamp,
    playing: &Playing,
    (message_type, content, client_message_id): (MessageType, Arc<str>, Option<Arc<str>>),
) -> Message {
    Message {
        id,
        room_id,
        message_type,
        sender_id: who.uid.clone(),
        nick_name: who.nick_name.clone(),
        sender_profile_image: who.profile_image.clone(),
        content,
        created_at,
        current_music_id: playing.music_id.clone(),
        position_ms: playing.position_ms,
        client_message_id,
    }
}

#[cfg(test)]
mod tests;
