//! History: the log's own records, found by an index.

use std::sync::Arc;

use async_trait::async_trait;
use redb::{Database, Range, ReadableDatabase};

use super::chunk::{Chunk, Entry};
use super::index::{self, FIRST, LAST};
use super::journal::{Journal, Placed};
use super::rows::{self, Fault};
use super::settled::Settled;
use super::tables::{self, IdKey, RoomKey};
use crate::domain::judge::{self, Shown};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::limits;
use crate::store::{Archived, History, Summary, failed};

/// History in the log's file.
pub(super) struct EmbeddedHistory {
    db: Arc<Database>,
    journal: Journal,
    epoch: u16,
    settled: Settled,
}

/// Which messages of a room, both ends covered.
struct Wanted {
    first: IdKey,
    last: IdKey,
    size: usize,
    newest_first: bool,
}

impl EmbeddedHistory {
    pub(super) fn new(db: Arc<Database>, journal: Journal, epoch: u16, settled: Settled) -> Self {
        Self {
            db,
            journal,
            epoch,
            settled,
        }
    }

    async fn page(&self, room: RoomId, wanted: Wanted) -> Result<Vec<Archived>> {
        self.settled.wait().await?;
        self.read_page(room, &wanted)
            .map_err(|why| failed("history", &why))
    }

    fn read_page(&self, room: RoomId, wanted: &Wanted) -> Result<Vec<Archived>, Fault> {
        let entries = self.find(room.to_bytes(), wanted)?;
        let (mut page, mut bytes) = (Vec::with_capacity(entries.len()), 0);
        let mut record: Option<Placed> = None;
        for entry in entries {
            let placed = match record.take().filter(|r| r.position == entry.position) {
                Some(same) => same,
                None => self.journal.read(entry.position)?,
            };
            let id = MessageId::from_bytes(entry.id);
            let Some(Shown { message, headers }) = judge::shown(self.epoch, &placed.record, id)
            else {
                return Err(Fault::Journal("history's index points to another record"));
            };
            let archived = Archived { message, headers };
            bytes += serde_json::to_vec(&archived)?.len();
            if bytes > limits::PAGE_BYTES_MAX && !page.is_empty() {
                break;
            }
            page.push(archived);
            record = Some(placed);
        }
        Ok(page)
    }

    /// The index's entries of what is wanted, in its order.
    fn find(&self, room: RoomKey, wanted: &Wanted) -> Result<Vec<Entry>, Fault> {
        let table = self.db.begin_read()?.open_table(tables::HISTORY)?;
        // The first message that is wanted may stand in a piece that begins before it.
        let first = index::last(&table, room, wanted.first)?.and_then(|piece| piece.first());
        let from = first.unwrap_or(wanted.first);
        let mut pieces: Range<'_, (RoomKey, IdKey), &'static [u8]> =
            table.range((room, from)..=(room, wanted.last))?;
        let mut found = vec![];
        while found.len() < wanted.size {
            let row = match wanted.newest_first {
                true => pieces.next_back(),
                false => pieces.next(),
            };
            let Some(row) = row else { break };
            let mut entries = Chunk::from_bytes(row?.1.value())?.entries;
            entries.retain(|entry| (wanted.first..=wanted.last).contains(&entry.id));
            if wanted.newest_first {
                entries.reverse();
            }
            found.extend(entries);
        }
        found.truncate(wanted.size);
        Ok(found)
    }

    fn count_unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64, Fault> {
        let of = (room.to_bytes(), uid);
        let txn = self.db.begin_read()?;
        let history = txn.open_table(tables::HISTORY)?;
        let talks_by = txn.open_table(tables::TALKS_BY)?;
        let upto = |upto: IdKey| index::count(&history, &talks_by, of, upto);
        let (there, read) = (upto(LAST)?, upto(mark.map_or(FIRST, MessageId::to_bytes))?);
        let (all, own) = (there.all - read.all, there.own - read.own);
        Ok(all.saturating_sub(own).min(limits::UNREAD_MAX))
    }
}

/// The id just behind this one, or just before it.
fn next(id: IdKey, forward: bool) -> Option<IdKey> {
    let mut wide = [0; 16];
    wide[5..].copy_from_slice(&id);
    let number = u128::from_be_bytes(wide);
    let number = match forward {
        true => number + 1,
        false => number.checked_sub(1)?,
    };
    let wide = number.to_be_bytes();
    // Beyond the last there is none.
    (wide[4] == 0).then(|| {
        let mut id = [0; 11];
        id.copy_from_slice(&wide[5..]);
        id
    })
}

#[async_trait]
impl History for EmbeddedHistory {
    async fn get(&self, room: RoomId, id: MessageId) -> Result<Option<Archived>> {
        let id = id.to_bytes();
        let wanted = Wanted {
            first: id,
            last: id,
            size: 1,
            newest_first: false,
        };
        Ok(self.page(room, wanted).await?.pop())
    }

    async fn after(
        &self,
        room: RoomId,
        after: Option<MessageId>,
        until: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        let first = after.map_or(Some(FIRST), |id| next(id.to_bytes(), true));
        let last = until.map_or(LAST, MessageId::to_bytes);
        let Some(first) = first.filter(|first| *first <= last) else {
            return Ok(vec![]);
        };
        let wanted = Wanted {
            first,
            last,
            size,
            newest_first: false,
        };
        self.page(room, wanted).await
    }

    async fn before(
        &self,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        let last = before.map_or(Some(LAST), |id| next(id.to_bytes(), false));
        let Some(last) = last else {
            return Ok(vec![]);
        };
        let wanted = Wanted {
            first: FIRST,
            last,
            size,
            newest_first: true,
        };
        self.page(room, wanted).await
    }

    async fn summary(&self, room: RoomId) -> Result<Summary> {
        self.settled.wait().await?;
        let read = || -> Result<_, Fault> {
            let table = self.db.begin_read()?.open_table(tables::SUMMARIES)?;
            Ok(rows::get(&table, room.to_bytes())?.unwrap_or_default())
        };
        read().map_err(|why| failed("history", &why))
    }

    async fn unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64> {
        self.settled.wait().await?;
        self.count_unread(room, uid, mark)
            .map_err(|why| failed("history", &why))
    }

    async fn covered(&self, _room: RoomId) -> Result<u64> {
        self.settled.wait().await?;
        let recorded = tables::recorded(&self.db).map_err(|why| failed("history", &why))?;
        Ok(recorded.through)
    }
}
