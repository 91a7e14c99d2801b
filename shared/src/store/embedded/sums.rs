//! What rooms and senders come to, between transactions: read once, changed in memory, and written once a group, however
//! many messages of a room that has.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::history::own_talks;
use super::rows::{self, Fault};
use super::tables::{RoomKey, Tables};
use crate::domain::user::Uid;
use crate::store::Summary;

/// Rooms, and senders, that are remembered; beyond, all are read anew.
const KNOWN_MAX: usize = 50_000;

/// The sums, as far as they are known.
#[derive(Default)]
pub(super) struct Sums {
    rooms: HashMap<RoomKey, Summary>,
    /// Rooms whose sum is not written yet.
    changed: HashSet<RoomKey>,
    own: HashMap<(RoomKey, Uid), u64>,
}

impl Sums {
    /// What a room comes to, to be changed.
    pub(super) fn room(
        &mut self,
        tables: &Tables<'_>,
        room: RoomKey,
    ) -> Result<&mut Summary, Fault> {
        self.changed.insert(room);
        Ok(match self.rooms.entry(room) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(rows::get(&tables.summaries, room)?.unwrap_or_default())
            }
        })
    }

    /// One more TALK of a sender's in a room; gives how many there are with it.
    pub(super) fn one_more(
        &mut self,
        tables: &Tables<'_>,
        room: RoomKey,
        sender: &Uid,
    ) -> Result<u64, Fault> {
        let key = (room, sender.clone());
        let own = match self.own.get(&key) {
            Some(own) => *own,
            None => own_talks(&tables.talks_by, room, sender.as_str(), None)?,
        };
        self.own.insert(key, own + 1);
        Ok(own + 1)
    }

    /// Writes what has changed, at the end of a group.
    pub(super) fn write(&mut self, tables: &mut Tables<'_>) -> Result<(), Fault> {
        for room in self.changed.drain() {
            if let Some(summary) = self.rooms.get(&room) {
                rows::put(&mut tables.summaries, room, summary)?;
            }
        }
        if self.rooms.len() > KNOWN_MAX || self.own.len() > KNOWN_MAX {
            *self = Self::default();
        }
        Ok(())
    }
}
