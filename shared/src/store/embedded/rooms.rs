//! Rooms on redb.

use std::ops::Bound;

use async_trait::async_trait;
use redb::ReadableTable;

use super::rows::{self, Fault};
use super::settled::Settled;
use super::snapshot::Reader;
use super::tables::{self, Tables};
use super::writer::Writer;
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::{Created, RoomCursor, Rooms, Which, failed};

/// Rooms on redb.
pub(super) struct EmbeddedRooms {
    reader: Reader,
    writer: Writer,
    /// Whether a room is live comes of the log.
    settled: Settled,
}

impl EmbeddedRooms {
    pub(super) fn new(reader: Reader, writer: Writer, settled: Settled) -> Self {
        Self {
            reader,
            writer,
            settled,
        }
    }

    fn read(&self, id: RoomId) -> Result<Option<Room>, Fault> {
        self.reader.newest()?.room(id)
    }

    fn read_by_playlist(&self, playlist_id: &str) -> Result<Option<Room>, Fault> {
        self.reader.newest()?.room_of(playlist_id)
    }

    fn read_page(
        &self,
        which: Which,
        before: Option<RoomCursor>,
        size: usize,
    ) -> Result<Vec<Room>, Fault> {
        let newest = self.reader.newest()?;
        let keys = newest.table(match which {
            Which::All => tables::BY_CREATED,
            Which::Live => tables::LIVE,
        })?;
        let end = before.map_or((u64::MAX, [0xff; 16]), |c| {
            (c.created_at.ms(), c.id.to_bytes())
        });
        let mut page = vec![];
        for key in keys.range(..end)?.rev().take(size) {
            page.extend(newest.room(RoomId::from_bytes(key?.0.value().1))?);
        }
        Ok(page)
    }

    fn read_unindexed(&self, after: Option<RoomId>, size: usize) -> Result<Vec<Room>, Fault> {
        let newest = self.reader.newest()?;
        let mut found = vec![];
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.to_bytes()));
        let keys = newest.table(tables::UNINDEXED)?;
        for key in keys
            .range::<tables::RoomKey>((from, Bound::Unbounded))?
            .take(size)
        {
            found.extend(newest.room(RoomId::from_bytes(key?.0.value()))?);
        }
        Ok(found)
    }
}

fn insert(tables: &mut Tables<'_>, room: &Room) -> Result<(), Fault> {
    let id = room.id.to_bytes();
    rows::put(&mut tables.rooms, id, room)?;
    tables.by_playlist.insert(&*room.playlist.id, id)?;
    tables.by_created.insert((room.created_at.ms(), id), ())?;
    if !room.indexed {
        tables.unindexed.insert(id, ())?;
    }
    Ok(())
}

fn restart(tables: &mut Tables<'_>, room: &Room, was: Timestamp) -> Result<bool, Fault> {
    let id = room.id.to_bytes();
    let Some(before) = rows::get::<_, Room>(&tables.rooms, id)? else {
        return Ok(false);
    };
    if before.live || before.created_at != was {
        return Ok(false);
    }
    tables.by_created.remove((was.ms(), id))?;
    insert(tables, room)?;
    Ok(true)
}

fn indexed(tables: &mut Tables<'_>, id: RoomId, created_at: Timestamp) -> Result<(), Fault> {
    let Some(mut room) = rows::get::<_, Room>(&tables.rooms, id.to_bytes())? else {
        return Ok(());
    };
    if room.created_at != created_at {
        return Ok(());
    }
    room.indexed = true;
    tables.unindexed.remove(id.to_bytes())?;
    rows::put(&mut tables.rooms, id.to_bytes(), &room)
}

#[async_trait]
impl Rooms for EmbeddedRooms {
    async fn get(&self, id: RoomId) -> Result<Option<Room>> {
        self.settled.wait().await?;
        self.read(id).map_err(|why| failed("the room store", &why))
    }

    async fn by_playlist(&self, playlist_id: &str) -> Result<Option<Room>> {
        self.settled.wait().await?;
        self.read_by_playlist(playlist_id)
            .map_err(|why| failed("the room store", &why))
    }

    async fn create(&self, room: &Room) -> Result<Created> {
        let room = room.clone();
        let create = move |tables: &mut Tables<'_>| {
            let there = tables
                .by_playlist
                .get(&*room.playlist.id)?
                .map(|row| row.value());
            let there = there
                .map(|id| rows::get::<_, Room>(&tables.rooms, id))
                .transpose()?
                .flatten();
            match there {
                Some(there) => Ok(Created::Exists(there)),
                None => insert(tables, &room).map(|()| Created::New),
            }
        };
        self.writer.write(create).await
    }

    async fn restart(&self, room: &Room, was: Timestamp) -> Result<bool> {
        let room = room.clone();
        self.writer
            .write(move |tables| restart(tables, &room, was))
            .await
    }

    async fn page(
        &self,
        which: Which,
        before: Option<RoomCursor>,
        size: usize,
    ) -> Result<Vec<Room>> {
        self.settled.wait().await?;
        self.read_page(which, before, size)
            .map_err(|why| failed("the room store", &why))
    }

    async fn unindexed(&self, after: Option<RoomId>, size: usize) -> Result<Vec<Room>> {
        self.settled.wait().await?;
        self.read_unindexed(after, size)
            .map_err(|why| failed("the room store", &why))
    }

    async fn indexed(&self, id: RoomId, created_at: Timestamp) -> Result<()> {
        self.writer
            .write(move |tables| indexed(tables, id, created_at))
            .await
    }
}
