//! What must be so of all that people wrote down, whatever the seed made happen.

use std::collections::BTreeMap;

use roomtone_shared::domain::message::{Message, MessageId};
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;

use crate::notes::{Heard, Item, Notes};
use crate::world::{EPOCH, PARTITIONS, World};

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub shown: usize,
    pub heard: usize,
    pub subscriptions: usize,
    pub resumed: usize,
    pub acknowledged: usize,
    pub refused: usize,
    pub gaps: usize,
    pub connections: usize,
}

/// What the room showed, by its ids: each with the octets that it is.
type Shown = BTreeMap<MessageId, Vec<u8>>;

/// How everybody stood in each room when all had settled.
pub type Standings = BTreeMap<RoomId, BTreeMap<Uid, Standing>>;

/// Looks at all of it; gives what is wrong, a line each.
pub fn judge(
    world: &World,
    rooms: &[RoomId],
    standings: &Standings,
    all: &[Notes],
) -> (Counts, Vec<String>) {
    let (mut counts, mut wrong) = (Counts::default(), vec![]);
    let shown: BTreeMap<RoomId, Shown> = rooms
        .iter()
        .map(|room| (*room, shown_in(world, *room)))
        .collect();
    counts.shown = shown.values().map(Shown::len).sum();
    for notes in all {
        counts.refused += notes.refused;
        counts.connections += notes.connections;
        wrong.extend(notes.wrong.iter().cloned());
        wrong.extend(not_at_home(world, standings, notes));
        for own in &notes.open {
            wrong.push(format!(
                "{own} was said again and again, and neither acknowledged nor refused"
            ));
        }
        for heard in &notes.heard {
            counts.subscriptions += 1;
            counts.resumed += usize::from(heard.since.is_some());
            counts.heard += heard.items.len();
            counts.gaps += heard
                .items
                .iter()
                .filter(|item| matches!(item, Item::Gap { .. }))
                .count();
            let about = format!("{} in {} since {:?}", heard.uid, heard.room, heard.since);
            let found = heard_is_whole(world, &shown[&heard.room], heard);
            wrong.extend(found.into_iter().map(|what| format!("{about}: {what}")));
        }
    }
    wrong.extend(acknowledged_once(world, rooms, all, &mut counts));
    (counts, wrong)
}

fn shown_in(world: &World, room: RoomId) -> Shown {
    let octets = |message: &Message| {
        let mut octets = vec![];
        message.write_json(&mut octets);
        octets
    };
    world
        .shown(room)
        .iter()
        .map(|archived| (archived.message.id, octets(&archived.message)))
        .collect()
}

/// At the end everybody is connected, a member of the rooms that they want to be in, subscribed to each of them, and on.
fn not_at_home(world: &World, standings: &Standings, notes: &Notes) -> Vec<String> {
    let uid = &notes.uid;
    if !notes.there {
        return vec![format!("{uid} was not connected at the end")];
    }
    let mut wrong = vec![];
    for room in &notes.home {
        if !world.is_member(*room, uid) {
            wrong.push(format!("{uid} is no member of {room} at the end"));
        }
        let standing = standings[room].get(uid);
        if !standing.is_some_and(Standing::is_on) {
            wrong.push(format!("{uid} is off in {room} at the end: {standing:?}"));
        }
        // What it heard is looked at for itself.
        let mut heard = notes.heard.iter().filter(|heard| heard.to_the_end);
        if !heard.any(|heard| heard.room == *room && heard.from.is_some()) {
            wrong.push(format!("{uid} does not hear {room} at the end"));
        }
    }
    wrong
}

/// A message that was acknowledged is in its room once, as its sender's, under the id that they were told.
fn acknowledged_once(
    world: &World,
    rooms: &[RoomId],
    all: &[Notes],
    counts: &mut Counts,
) -> Vec<String> {
    let mut wrong = vec![];
    let mut of_own: BTreeMap<(RoomId, String), Vec<MessageId>> = BTreeMap::new();
    for room in rooms {
        for archived in world.shown(*room) {
            if let Some(own) = &archived.message.client_message_id {
                let key = (*room, own.to_string());
                of_own.entry(key).or_default().push(archived.message.id);
            }
        }
    }
    for ((room, own), ids) in &of_own {
        if ids.len() > 1 {
            wrong.push(format!("{own} is in {room} {} times", ids.len()));
        }
    }
    for acknowledged in all.iter().flat_map(|notes| &notes.acknowledged) {
        counts.acknowledged += 1;
        let ids = of_own.get(&(acknowledged.room, acknowledged.own.clone()));
        if ids.and_then(|ids| ids.first()) != Some(&acknowledged.id) {
            let (uid, own, id) = (&acknowledged.uid, &acknowledged.own, acknowledged.id);
            wrong.push(format!(
                "{uid} was told that {own} is {id}, and there is {ids:?}"
            ));
        }
    }
    wrong
}

/// A subscription got the room's order from where it began, with no hole that it was not told of, no repeat, and nothing while
/// its user was gone.
fn heard_is_whole(world: &World, shown: &Shown, heard: &Heard) -> Vec<String> {
    let mut wrong = vec![];
    let member = Membership(world.changes(heard.room, &heard.uid));
    let mut last = heard.since;
    let mut told: Option<(MessageId, MessageId)> = None;
    let ours = heard.since.is_none_or(|since| since.epoch == EPOCH);
    if !ours && let Some(Item::Message(first, _)) = heard.items.first() {
        wrong.push(format!(
            "{first} first, and no word that the log is another"
        ));
    }
    for item in &heard.items {
        match item {
            Item::Gap {
                after,
                before,
                troubled,
            } => {
                let (after, before) = (*after, *before);
                if after >= before || told.is_some() {
                    wrong.push(format!("a hole from {after} to {before} behind {told:?}"));
                }
                if last.is_some_and(|last| after < last) {
                    wrong.push(format!("a hole from {after} on, and {last:?} was there"));
                }
                let of_other_log = !ours && last == heard.since;
                if !troubled && !of_other_log {
                    wrong.push(format!(
                        "a hole from {after} to {before}, and nothing that makes one"
                    ));
                }
                if of_other_log && !troubled && shown.keys().next() != Some(&before) {
                    wrong.push(format!("this log does not begin with {before}"));
                }
                told = Some((after, before));
            }
            Item::Message(id, octets) => {
                let id = *id;
                match shown.get(&id) {
                    None => wrong.push(format!("{id} is no message of the room")),
                    Some(of_room) if *of_room != octets.0 => {
                        wrong.push(format!("{id} is another one in the room"));
                    }
                    Some(_) => {}
                }
                if last.is_some_and(|last| id <= last) {
                    wrong.push(format!("{id} behind {last:?}"));
                }
                if told.is_some_and(|(_, before)| before != id) {
                    wrong.push(format!("{id} behind a hole {told:?}"));
                }
                // Up to a hole that was told of nothing may be missing.
                let until = told.map_or(id, |(after, _)| MessageId {
                    index: after.index.saturating_add(1),
                    ..after
                });
                wrong.extend(missing(shown, heard, &member, last, until));
                // What somebody resumes is theirs, whether or not they were there when it was said.
                if heard.since.is_none()
                    && last.is_some_and(|last| member.left_between(last.offset, id.offset))
                {
                    wrong.push(format!("{id} while they were gone"));
                }
                (last, told) = (Some(id), None);
            }
        }
    }
    if heard.to_the_end {
        if let Some(told) = told {
            wrong.push(format!("nothing behind the hole {told:?}"));
        }
        let end = MessageId::last_of(EPOCH, u64::MAX);
        wrong.extend(missing(shown, heard, &member, last, end));
    }
    wrong
}

/// Messages between two that it should have got.
fn missing(
    shown: &Shown,
    heard: &Heard,
    member: &Membership,
    after: Option<MessageId>,
    until: MessageId,
) -> Vec<String> {
    // Without an id to begin at, what came before its RECEIPT may or may not have come; and until its user's last coming is in the
    // log, the membership store may be ahead of that.
    let from = heard.from.map(|from| from.max(member.begins()));
    let after = match (after, from) {
        (None, None) => return vec![],
        (None, Some(from)) => from
            .checked_sub(1)
            .map(|last| MessageId::last_of(EPOCH, last)),
        (after, _) => after,
    };
    let between = shown
        .keys()
        .filter(|id| after.is_none_or(|after| **id > after) && **id < until);
    let owed = between.filter(|id| member.hears(id.offset) && !was_absent(heard, **id));
    let part = heard.room.partition(PARTITIONS);
    owed.map(|id| {
        format!(
            "{id} of part {} is missing, between {after:?} and {until}",
            part.0
        )
    })
    .collect()
}

/// Whether its socket was out of the room then.
fn was_absent(heard: &Heard, id: MessageId) -> bool {
    heard.absences.iter().any(|absence| {
        absence.after.is_none_or(|after| id > after)
            && absence.until.is_none_or(|until| id.offset < until)
    })
}

/// When somebody was a member, by the log.
struct Membership(Vec<(u64, bool)>);

impl Membership {
    /// The offset behind their last coming or going.
    fn begins(&self) -> u64 {
        self.0.last().map_or(0, |(at, _)| at + 1)
    }

    /// Whether they left behind the first offset and were not back at the second.
    fn left_between(&self, heard: u64, offset: u64) -> bool {
        let before = self.0.iter().take_while(|(at, _)| *at < offset).last();
        !self.hears(offset) && before.is_some_and(|(at, _)| *at >= heard)
    }

    /// Whether they hear what is at this offset: from their ENTER to their EXIT, both included.
    fn hears(&self, offset: u64) -> bool {
        let before = self.0.iter().take_while(|(at, _)| *at < offset).last();
        let at = self.0.iter().any(|(at, _)| *at == offset);
        at || before.is_some_and(|(_, member)| *member)
    }
}
