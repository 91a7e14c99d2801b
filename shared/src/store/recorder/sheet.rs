//! What a batch of records adds up to: rows to write, and what rooms and senders come to with it. Pure.
//!
//! A room's sum knows the last record that is in it. Records that come again, because somebody died between two
//! steps, change nothing in it, and their rows were written before it was.

use std::collections::{HashMap, HashSet};

use crate::domain::event::{Event, Fact, MemberChange};
use crate::domain::judge::{Judged, Shown};
use crate::domain::message::{MessageId, MessageType};
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::store::Archived;
use crate::store::dynamodb::{Item, OwnTalk, RoomSum, message_row, own_row, verdict_row};

/// A sender in a room.
pub(super) type Sender = (RoomId, Uid);

/// The sums of one batch.
pub(super) struct Sheet {
    epoch: u16,
    rooms: HashMap<RoomId, RoomSum>,
    own: HashMap<Sender, u64>,
    rows: Vec<Item>,
    /// Rooms whose sum is another one now.
    changed: HashSet<RoomId>,
    /// Rooms of which it has to be noted whether they are live.
    lives: HashSet<RoomId>,
}

impl Sheet {
    /// The rooms whose sums a batch may change.
    pub(super) fn rooms_of(judged: &[Judged]) -> HashSet<RoomId> {
        let counting = judged
            .iter()
            .filter(|j| member_change(j).is_some() || !j.shown.is_empty());
        counting.filter_map(|j| j.record.fact.room()).collect()
    }

    /// Who says something in a batch, each with the first message of theirs.
    pub(super) fn senders_of(judged: &[Judged]) -> HashMap<Sender, MessageId> {
        let mut senders = HashMap::new();
        for message in judged
            .iter()
            .flat_map(|j| &j.shown)
            .map(|shown| &shown.message)
        {
            if message.message_type == MessageType::Talk {
                let sender = (message.room_id, message.sender_id.clone());
                senders.entry(sender).or_insert(message.id);
            }
        }
        senders
    }

    /// The sums as they stand before the batch, a sender's before their first message in it.
    pub(super) fn new(
        epoch: u16,
        rooms: HashMap<RoomId, RoomSum>,
        own: HashMap<Sender, u64>,
    ) -> Self {
        Self {
            epoch,
            rooms,
            own,
            rows: vec![],
            changed: HashSet::new(),
            lives: HashSet::new(),
        }
    }

    /// Takes the next record in.
    pub(super) fn add(&mut self, judged: &Judged) {
        self.add_verdicts(judged);
        let Some(room) = judged.record.fact.room() else {
            return;
        };
        let through = MessageId::last_of(self.epoch, judged.record.offset);
        let Some(mut sum) = self.rooms.remove(&room) else {
            return;
        };
        let again = sum.through >= Some(through);
        if let Some(change) = member_change(judged) {
            self.add_member(room, &mut sum, change, again);
        }
        for shown in &judged.shown {
            self.add_message(&mut sum, shown, again);
        }
        if !again && self.changed.contains(&room) {
            sum.through = Some(through);
        }
        self.rooms.insert(room, sum);
    }

    /// A function does not read the log, so it is told what became of a message that is not shown.
    fn add_verdicts(&mut self, judged: &Judged) {
        let Fact::In(room, Event::Said(said)) = &judged.record.fact else {
            return;
        };
        if said.origin.is_some() {
            return;
        }
        for (index, verdict) in judged.verdicts.iter().enumerate() {
            let id = MessageId {
                epoch: self.epoch,
                offset: judged.record.offset,
                index: u8::try_from(index).unwrap_or(u8::MAX),
            };
            self.rows.extend(verdict_row(*room, id, *verdict));
        }
    }

    fn add_member(&mut self, room: RoomId, sum: &mut RoomSum, change: &MemberChange, again: bool) {
        let count = &mut sum.summary.user_count;
        let was_live = *count > 0;
        if !again {
            match change {
                MemberChange::Joined { .. } => *count += 1,
                MemberChange::Exited { .. } => *count = count.saturating_sub(1),
                MemberChange::Switched { .. } => return,
            }
            self.changed.insert(room);
        }
        // Of what comes again it is not known whether that was noted.
        if again || was_live != (*count > 0) {
            self.lives.insert(room);
        }
    }

    fn add_message(&mut self, sum: &mut RoomSum, shown: &Shown, again: bool) {
        let message = &shown.message;
        let talk = message.message_type == MessageType::Talk;
        let mut own = None;
        if talk {
            let sender = (message.room_id, message.sender_id.clone());
            let count = self.own.entry(sender).or_default();
            *count += 1;
            own = Some(*count);
        }
        if again {
            return;
        }
        let summary = &mut sum.summary;
        summary.last = Some(message.id);
        if talk {
            summary.talks += 1;
            summary.last_talk = Some(message.clone());
        }
        self.rows.push(message_row(&archived(shown), summary.talks));
        self.rows.extend(own.map(|own| {
            own_row(&OwnTalk {
                room: message.room_id,
                sender: message.sender_id.clone(),
                id: message.id,
                own,
            })
        }));
        self.changed.insert(message.room_id);
    }

    /// The rows to write before all else.
    pub(super) fn rows(&self) -> Vec<Item> {
        self.rows.clone()
    }

    /// What rooms come to now, where that has changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = (RoomId, &RoomSum)> {
        let sum = |room: &RoomId| Some((*room, self.rooms.get(room)?));
        self.changed.iter().filter_map(sum)
    }

    /// Whether rooms are live, and by which record, where that has to be noted.
    pub(super) fn lives(&self) -> Vec<(RoomId, bool, MessageId)> {
        let live = |room: &RoomId| {
            let sum = self.rooms.get(room)?;
            Some((*room, sum.summary.user_count > 0, sum.through?))
        };
        self.lives.iter().filter_map(live).collect()
    }

    /// The sums with the batch in them.
    pub(super) fn close(self) -> (HashMap<RoomId, RoomSum>, HashMap<Sender, u64>) {
        (self.rooms, self.own)
    }
}

/// A membership's change, where it is news.
fn member_change(judged: &Judged) -> Option<&MemberChange> {
    match &judged.record.fact {
        Fact::In(_, Event::Member(event)) if judged.fresh => Some(&event.change),
        _ => None,
    }
}

/// A message as history keeps it.
pub(super) fn archived(shown: &Shown) -> Archived {
    Archived {
        message: shown.message.clone(),
        headers: shown.headers.clone(),
    }
}
