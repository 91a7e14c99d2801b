//! History: the log's own records, found by an index.

use async_trait::async_trait;
use redb::Range;

use super::chunk::{Chunk, Entry};
use super::index::{self, FIRST, LAST};
use super::journal::{Journal, Placed};
use super::rows::Fault;
use super::settled::Settled;
use super::snapshot::Reader;
use super::tables::{self, IdKey, RoomKey};
use crate::domain::event::Headers;
use crate::domain::judge::{self, Shown};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::limits;
use crate::store::{Archived, History, Summary, failed};

/// History in the log's file.
pub(super) struct EmbeddedHistory {
    reader: Reader,
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
    pub(super) fn new(reader: Reader, journal: Journal, epoch: u16, settled: Settled) -> Self {
        Self {
            reader,
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
        let (mut page, mut bytes, mut json) = (Vec::with_capacity(entries.len()), 0, vec![]);
        let mut last: Option<Placed> = None;
        for entry in entries {
            let id = MessageId::from_bytes(entry.id);
            let placed = match last.take().filter(|last| last.position == entry.position) {
                Some(same) => same,
                None => self.journal.read(entry.position)?,
            };
            let shown = judge::shown(self.epoch, &placed.record, id);
            let Some(Shown { message, headers }) = shown else {
                return Err(Fault::Journal("history's index points to another record"));
            };
            json.clear();
            message.write_json(&mut json);
            bytes += octets(&json, &headers)?;
            if bytes > limits::PAGE_BYTES_MAX && !page.is_empty() {
                break;
            }
            page.push(Archived { message, headers });
            last = Some(placed);
        }
        Ok(page)
    }

    /// The index's entries of what is wanted, in its order.
    fn find(&self, room: RoomKey, wanted: &Wanted) -> Result<Vec<Entry>, Fault> {
        let newest = self.reader.newest()?;
        let table = &newest.history;
        // The first message that is wanted may stand in a piece that begins before it.
        let first = index::last(table, room, wanted.first)?.and_then(|piece| piece.first());
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
        let newest = self.reader.newest()?;
        let talks_by = newest.table(tables::TALKS_BY)?;
        let upto = |upto: IdKey| index::count(&newest.history, &talks_by, of, upto);
        let (there, read) = (upto(LAST)?, upto(mark.map_or(FIRST, MessageId::to_bytes))?);
        let (all, own) = (there.all - read.all, there.own - read.own);
        Ok(all.saturating_sub(own).min(limits::UNREAD_MAX))
    }
}

/// Octets that a message takes of a page's as it is archived, with its JSON and its own headers.
fn octets(json: &[u8], headers: &Headers) -> Result<usize, Fault> {
    let around = r#"{"message":,"headers":}"#.len();
    let headers = match headers.is_empty() {
        true => 0,
        false => serde_json::to_vec(headers)?.len(),
    };
    Ok(around + json.len() + headers)
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
        let newest = self.reader.newest();
        let summary = newest.and_then(|newest| newest.summary(room));
        Ok(summary
            .map_err(|why| failed("history", &why))?
            .unwrap_or_default())
    }

    async fn unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64> {
        self.settled.wait().await?;
        self.count_unread(room, uid, mark)
            .map_err(|why| failed("history", &why))
    }

    async fn covered(&self, _room: RoomId) -> Result<u64> {
        self.settled.wait().await?;
        let newest = self.reader.newest();
        let recorded = newest
            .and_then(|newest| newest.recorded())
            .map_err(|why| failed("history", &why))?;
        Ok(recorded.through)
    }
}
