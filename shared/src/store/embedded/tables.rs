//! The tables of the file, and all of them opened for one transaction.

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};

use super::journal;
use super::rows::Fault;

/// A room's id as a key.
pub(super) type RoomKey = [u8; 16];
/// A message's id as a key; sorts as ids do.
pub(super) type IdKey = [u8; 11];

/// Settings of the file itself: its layout's version, the log's epoch, and how far the log is recorded.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// Rooms, as JSON.
pub(super) const ROOMS: TableDefinition<RoomKey, &[u8]> = TableDefinition::new("rooms");
/// The room of each playlist.
pub(super) const BY_PLAYLIST: TableDefinition<&str, RoomKey> =
    TableDefinition::new("rooms-by-playlist");
/// Rooms by the time they began.
pub(super) const BY_CREATED: TableDefinition<(u64, RoomKey), ()> =
    TableDefinition::new("rooms-by-created");
/// Live rooms by the time they began.
pub(super) const LIVE: TableDefinition<(u64, RoomKey), ()> = TableDefinition::new("rooms-live");
/// Rooms that the search server has not acknowledged.
pub(super) const UNINDEXED: TableDefinition<RoomKey, ()> = TableDefinition::new("rooms-unindexed");
/// What is kept per user, as JSON.
pub(super) const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// Memberships and tombstones, as JSON.
pub(super) const MEMBERSHIPS: TableDefinition<(RoomKey, &str), &[u8]> =
    TableDefinition::new("memberships");
/// Members by the time they joined.
pub(super) const ENTERED: TableDefinition<(RoomKey, u64, &str), ()> =
    TableDefinition::new("memberships-by-entered");
/// Memberships with an event that may not be in the log, by the time it was decided.
pub(super) const PENDING: TableDefinition<(u64, RoomKey, &str), ()> =
    TableDefinition::new("memberships-pending");
/// History's index: pieces of [`super::chunk`], each under its first message.
pub(super) const HISTORY: TableDefinition<(RoomKey, IdKey), &[u8]> =
    TableDefinition::new("history");
/// TALKs of each sender in each room, counted from 1, up to the end of a piece of the index in which they say something.
pub(super) const TALKS_BY: TableDefinition<(RoomKey, &str, IdKey), u64> =
    TableDefinition::new("talks-by-sender");
/// What each room comes to, as JSON.
pub(super) const SUMMARIES: TableDefinition<RoomKey, &[u8]> = TableDefinition::new("summaries");
/// How each user stands in each room, as JSON.
pub(super) const STANDINGS: TableDefinition<(RoomKey, &str), &[u8]> =
    TableDefinition::new("standings");
/// Which nodes have sockets of whom in which room.
pub(super) const HOLDERS: TableDefinition<(u64, RoomKey, &str), ()> =
    TableDefinition::new("holders");
/// Where some of the log's records stand in its file, and their time in milliseconds, by their offset.
pub(super) const PLACES: TableDefinition<u64, (u64, u64)> = TableDefinition::new("log-places");

/// Every so many records of the log have a place in the table.
pub(super) const PLACES_EVERY: u64 = 256;
/// In [`META`], the offset before which the log is recorded, and the place of the last record that is.
const RECORDED: &str = "recorded";
const RECORDED_PLACE: &str = "recorded-place";

/// The file's layout; a file of another layout is refused.
const LAYOUT: u64 = 2;
/// The embedded log is never begun anew, so its epoch stays the first.
const FIRST_EPOCH: u64 = 1;

/// All tables, open in one write transaction.
pub(super) struct Tables<'t> {
    pub(super) rooms: Table<'t, RoomKey, &'static [u8]>,
    pub(super) by_playlist: Table<'t, &'static str, RoomKey>,
    pub(super) by_created: Table<'t, (u64, RoomKey), ()>,
    pub(super) live: Table<'t, (u64, RoomKey), ()>,
    pub(super) unindexed: Table<'t, RoomKey, ()>,
    pub(super) users: Table<'t, &'static str, &'static [u8]>,
    pub(super) memberships: Table<'t, (RoomKey, &'static str), &'static [u8]>,
    pub(super) entered: Table<'t, (RoomKey, u64, &'static str), ()>,
    pub(super) pending: Table<'t, (u64, RoomKey, &'static str), ()>,
    pub(super) history: Table<'t, (RoomKey, IdKey), &'static [u8]>,
    pub(super) talks_by: Table<'t, (RoomKey, &'static str, IdKey), u64>,
    pub(super) summaries: Table<'t, RoomKey, &'static [u8]>,
    pub(super) standings: Table<'t, (RoomKey, &'static str), &'static [u8]>,
    pub(super) holders: Table<'t, (u64, RoomKey, &'static str), ()>,
    pub(super) places: Table<'t, u64, (u64, u64)>,
    meta: Table<'t, &'static str, u64>,
}

impl<'t> Tables<'t> {
    /// Opens them, making those that are missing.
    pub(super) fn open(txn: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            rooms: txn.open_table(ROOMS)?,
            by_playlist: txn.open_table(BY_PLAYLIST)?,
            by_created: txn.open_table(BY_CREATED)?,
            live: txn.open_table(LIVE)?,
            unindexed: txn.open_table(UNINDEXED)?,
            users: txn.open_table(USERS)?,
            memberships: txn.open_table(MEMBERSHIPS)?,
            entered: txn.open_table(ENTERED)?,
            pending: txn.open_table(PENDING)?,
            history: txn.open_table(HISTORY)?,
            talks_by: txn.open_table(TALKS_BY)?,
            summaries: txn.open_table(SUMMARIES)?,
            standings: txn.open_table(STANDINGS)?,
            holders: txn.open_table(HOLDERS)?,
            places: txn.open_table(PLACES)?,
            meta: txn.open_table(META)?,
        })
    }

    /// Notes how far the log is recorded, and where the last record of that stands.
    pub(super) fn recorded(&mut self, through: u64, place: u64) -> Result<(), Fault> {
        self.meta.insert(RECORDED, through)?;
        self.meta.insert(RECORDED_PLACE, place)?;
        Ok(())
    }
}

/// Makes the tables, and checks the layout.
pub(super) fn create(db: &Database) -> Result<(), Fault> {
    let txn = db.begin_write()?;
    {
        let mut tables = Tables::open(&txn)?;
        let layout = tables.meta.get("layout")?.map(|row| row.value());
        match layout {
            None => {
                tables.meta.insert("layout", LAYOUT)?;
                tables.meta.insert("epoch", FIRST_EPOCH)?;
            }
            Some(LAYOUT) => {}
            Some(other) => {
                return Err(Fault::Layout {
                    found: other,
                    known: LAYOUT,
                });
            }
        }
    }
    txn.commit()?;
    Ok(())
}

/// The log's epoch.
pub(super) fn epoch(db: &Database) -> Result<u16, Fault> {
    let meta = db.begin_read()?.open_table(META)?;
    let epoch = meta.get("epoch")?.map_or(FIRST_EPOCH, |row| row.value());
    Ok(u16::try_from(epoch).unwrap_or(u16::MAX))
}

/// How far the log is recorded.
#[derive(Clone, Copy)]
pub(super) struct Recorded {
    /// The offset before which it is.
    pub(super) through: u64,
    /// Where in the log's file the last record stands that is, or the first will.
    pub(super) place: u64,
}

/// How far the log is recorded.
pub(super) fn recorded(db: &Database) -> Result<Recorded, Fault> {
    recorded_in(&db.begin_read()?)
}

/// How far the log is recorded in what this transaction reads.
pub(super) fn recorded_in(txn: &ReadTransaction) -> Result<Recorded, Fault> {
    let meta = txn.open_table(META)?;
    let read = |name| -> Result<_, Fault> { Ok(meta.get(name)?.map(|row| row.value())) };
    Ok(Recorded {
        through: read(RECORDED)?.unwrap_or(0),
        place: read(RECORDED_PLACE)?.unwrap_or(journal::FIRST),
    })
}
