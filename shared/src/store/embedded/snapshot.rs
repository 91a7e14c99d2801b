//! The tables as the last commit left them, opened once for everybody who reads before the next.
//!
//! To begin to read and to find a table in the file takes longer than to read a row. What does not change between two
//! commits need not be decoded twice either.

use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, Value};

use super::recalled::Recalled;
use super::rows::{self, Fault};
use super::tables::{self, IdKey, RoomKey};
use crate::domain::membership::{MemberCursor, Membership};
use crate::domain::room::{Room, RoomId};
use crate::domain::user::Uid;
use crate::store::Summary;

/// A table of rows as JSON or of another form of bytes.
type Rows<K> = ReadOnlyTable<K, &'static [u8]>;

/// The way to what was committed last. Cheap to clone.
#[derive(Clone)]
pub(super) struct Reader {
    db: Arc<Database>,
    newest: Arc<RwLock<Option<Arc<Snapshot>>>>,
}

impl Reader {
    pub(super) fn new(db: Arc<Database>) -> Self {
        Self {
            db,
            newest: Arc::default(),
        }
    }

    /// What was committed last.
    pub(super) fn newest(&self) -> Result<Arc<Snapshot>, Fault> {
        let there = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = &*there {
            return Ok(there.clone());
        }
        drop(there);
        // Opened under the lock, so that a commit meanwhile outdates it.
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let opened = match newest.take() {
            Some(there) => there,
            None => Arc::new(Snapshot::open(&self.db)?),
        };
        *newest = Some(opened.clone());
        Ok(opened)
    }

    /// Says that there was a commit; to be called before anybody is told of what is in it.
    pub(super) fn outdate(&self) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let outdated = newest.take();
        drop(newest);
        drop(outdated);
    }
}

/// The tables at one commit. The octets that a later commit frees stay in the file for as long as somebody has it.
pub(super) struct Snapshot {
    txn: ReadTransaction,
    rooms: Rows<RoomKey>,
    by_playlist: ReadOnlyTable<&'static str, RoomKey>,
    memberships: Rows<(RoomKey, &'static str)>,
    summaries: Rows<RoomKey>,
    pub(super) history: Rows<(RoomKey, IdKey)>,
    known_rooms: Recalled<RoomId, Room>,
    known_memberships: Recalled<(RoomId, Uid), Membership>,
    known_members: Recalled<(RoomId, usize), Arc<[Membership]>>,
    known_summaries: Recalled<RoomId, Summary>,
}

impl Snapshot {
    fn open(db: &Database) -> Result<Self, Fault> {
        let txn = db.begin_read()?;
        Ok(Self {
            rooms: txn.open_table(tables::ROOMS)?,
            by_playlist: txn.open_table(tables::BY_PLAYLIST)?,
            memberships: txn.open_table(tables::MEMBERSHIPS)?,
            summaries: txn.open_table(tables::SUMMARIES)?,
            history: txn.open_table(tables::HISTORY)?,
            known_rooms: Recalled::default(),
            known_memberships: Recalled::default(),
            known_members: Recalled::default(),
            known_summaries: Recalled::default(),
            txn,
        })
    }

    /// A table that is not read so often.
    pub(super) fn table<K: Key, V: Value>(
        &self,
        table: redb::TableDefinition<'_, K, V>,
    ) -> Result<ReadOnlyTable<K, V>, Fault> {
        Ok(self.txn.open_table(table)?)
    }

    /// How far the log is recorded.
    pub(super) fn recorded(&self) -> Result<tables::Recorded, Fault> {
        tables::recorded_in(&self.txn)
    }

    pub(super) fn room(&self, id: RoomId) -> Result<Option<Room>, Fault> {
        self.known_rooms
            .get(id, |id| rows::get(&self.rooms, id.to_bytes()))
    }

    pub(super) fn room_of(&self, playlist_id: &str) -> Result<Option<Room>, Fault> {
        match self.by_playlist.get(playlist_id)? {
            Some(id) => self.room(RoomId::from_bytes(id.value())),
            None => Ok(None),
        }
    }

    pub(super) fn membership(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>, Fault> {
        let read = |(room, uid): &(RoomId, Uid)| {
            rows::get(&self.memberships, (room.to_bytes(), uid.as_str()))
        };
        self.known_memberships.get((room, uid.clone()), read)
    }

    /// Members by the time they joined, so many at most.
    pub(super) fn members(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>, Fault> {
        if after.is_some() {
            return self.read_members(room, after, size);
        }
        // Their first page is shown with a room.
        let read = |(room, size): &(RoomId, usize)| {
            Ok(Some(self.read_members(*room, None, *size)?.into()))
        };
        let members = self.known_members.get((room, size), read)?;
        Ok(members.map_or_else(Vec::new, |members: Arc<[_]>| members.to_vec()))
    }

    fn read_members(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>, Fault> {
        let room = room.to_bytes();
        // The smallest text after a uid is that uid with a NUL behind it.
        let from = after.map_or((0, String::new()), |c| {
            (c.entered_at.ms(), format!("{}\0", c.uid))
        });
        let mut page = vec![];
        for key in self
            .table(tables::ENTERED)?
            .range((room, from.0, from.1.as_str())..)?
            .take(size)
        {
            let key = key?.0;
            let (of, _, uid) = key.value();
            if of != room {
                break;
            }
            page.extend(rows::get::<_, Membership>(&self.memberships, (room, uid))?);
        }
        Ok(page)
    }

    pub(super) fn summary(&self, room: RoomId) -> Result<Option<Summary>, Fault> {
        self.known_summaries
            .get(room, |room| rows::get(&self.summaries, room.to_bytes()))
    }
}
