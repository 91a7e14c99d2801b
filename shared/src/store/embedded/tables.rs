//! The tables of the file, and all of them opened for one transaction.

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::rows::{self, Fault};
use crate::domain::event::Record;
use crate::domain::time::Timestamp;
use crate::limits;

/// A room's id as a key.
pub(super) type RoomKey = [u8; 16];
/// A message's id as a key; sorts as ids do.
pub(super) type IdKey = [u8; 11];

/// Settings of the file itself: its layout's version, the log's epoch.
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
/// Messages, as JSON.
pub(super) const HISTORY: TableDefinition<(RoomKey, IdKey), &[u8]> =
    TableDefinition::new("history");
/// TALKs, counted from 1 in each room.
pub(super) const TALKS: TableDefinition<(RoomKey, IdKey), u64> = TableDefinition::new("talks");
/// TALKs, counted from 1 for each sender in each room.
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
/// The log: records by offset, as JSON.
pub(super) const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");

/// The file's layout; a file of another layout is refused.
const LAYOUT: u64 = 1;
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
    pub(super) talks: Table<'t, (RoomKey, IdKey), u64>,
    pub(super) talks_by: Table<'t, (RoomKey, &'static str, IdKey), u64>,
    pub(super) summaries: Table<'t, RoomKey, &'static [u8]>,
    pub(super) standings: Table<'t, (RoomKey, &'static str), &'static [u8]>,
    pub(super) holders: Table<'t, (u64, RoomKey, &'static str), ()>,
    pub(super) log: Table<'t, u64, &'static [u8]>,
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
            talks: txn.open_table(TALKS)?,
            talks_by: txn.open_table(TALKS_BY)?,
            summaries: txn.open_table(SUMMARIES)?,
            standings: txn.open_table(STANDINGS)?,
            holders: txn.open_table(HOLDERS)?,
            log: txn.open_table(LOG)?,
        })
    }
}

/// Makes the tables, checks the layout, and lets go of log records past their time.
pub(super) fn create(db: &Database, now: Timestamp) -> Result<(), Fault> {
    let txn = db.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        let layout = meta.get("layout")?.map(|row| row.value());
        match layout {
            None => {
                meta.insert("layout", LAYOUT)?;
                meta.insert("epoch", FIRST_EPOCH)?;
            }
            Some(LAYOUT) => {}
            Some(other) => {
                return Err(Fault::Layout {
                    found: other,
                    known: LAYOUT,
                });
            }
        }
        let mut tables = Tables::open(&txn)?;
        trim(&mut tables, now.minus_ms(limits::LOG_RETENTION_MS))?;
    }
    txn.commit()?;
    Ok(())
}

/// The log's epoch.
pub(super) fn epoch(db: &Database) -> Result<u16, Fault> {
    let epoch = db
        .begin_read()?
        .open_table(META)?
        .get("epoch")?
        .map_or(FIRST_EPOCH, |row| row.value());
    Ok(u16::try_from(epoch).unwrap_or(u16::MAX))
}

/// Removes the records before `from`, but never the last one: its offset says where ids go on.
fn trim(tables: &mut Tables<'_>, from: Timestamp) -> Result<(), Fault> {
    let Some(last) = tables.log.last()?.map(|(offset, _)| offset.value()) else {
        return Ok(());
    };
    let mut old = vec![];
    for row in tables.log.range(..last)? {
        let (offset, row) = row?;
        if rows::read::<Record>(row.value())?.at >= from {
            break;
        }
        old.push(offset.value());
    }
    for offset in old {
        tables.log.remove(offset)?;
    }
    Ok(())
}
