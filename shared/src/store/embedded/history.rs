//! History on redb.

use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use redb::{Database, ReadableDatabase, ReadableTable};

use super::rows::{self, Fault};
use super::tables::{self, IdKey, RoomKey};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::limits;
use crate::store::{Archived, History, Summary, failed};

/// History on redb.
pub(super) struct EmbeddedHistory {
    db: Arc<Database>,
}

/// The key before and the key after every message of a room.
const FIRST: IdKey = [0; 11];
const LAST: IdKey = [0xff; 11];

impl EmbeddedHistory {
    pub(super) fn new(db: Arc<Database>) -> Self {
        Self { db }
    }

    fn page(
        &self,
        room: RoomId,
        from: Bound<IdKey>,
        to: Bound<IdKey>,
        size: usize,
        newest_first: bool,
    ) -> Result<Vec<Archived>, Fault> {
        let room = room.to_bytes();
        let key = |bound: Bound<IdKey>| bound.map(|id| (room, id));
        let table = self.db.begin_read()?.open_table(tables::HISTORY)?;
        let mut range = table.range((key(from), key(to)))?;
        let (mut page, mut bytes) = (vec![], 0);
        while page.len() < size {
            let Some(row) = (if newest_first {
                range.next_back()
            } else {
                range.next()
            }) else {
                break;
            };
            let row = row?.1;
            bytes += row.value().len();
            if bytes > limits::PAGE_BYTES_MAX && !page.is_empty() {
                break;
            }
            page.push(rows::read(row.value())?);
        }
        Ok(page)
    }

    fn count_unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64, Fault> {
        let room = room.to_bytes();
        let mark = mark.map(MessageId::to_bytes);
        let txn = self.db.begin_read()?;
        let talks = txn.open_table(tables::TALKS)?;
        let talks_by = txn.open_table(tables::TALKS_BY)?;
        let all =
            all_talks(&talks, room, None)? - upto(mark, |m| all_talks(&talks, room, Some(m)))?;
        let own = own_talks(&talks_by, room, uid.as_str(), None)?
            - upto(mark, |m| own_talks(&talks_by, room, uid.as_str(), Some(m)))?;
        Ok(all.saturating_sub(own).min(limits::UNREAD_MAX))
    }
}

fn upto(
    mark: Option<IdKey>,
    count: impl FnOnce(IdKey) -> Result<u64, Fault>,
) -> Result<u64, Fault> {
    mark.map_or(Ok(0), count)
}

/// How many TALKs there are in a room, up to and including `upto`.
fn all_talks(
    talks: &impl ReadableTable<(RoomKey, IdKey), u64>,
    room: RoomKey,
    upto: Option<IdKey>,
) -> Result<u64, Fault> {
    let last = talks
        .range((room, FIRST)..=(room, upto.unwrap_or(LAST)))?
        .next_back();
    Ok(last.transpose()?.map_or(0, |row| row.1.value()))
}

/// How many TALKs of one sender there are in a room, up to and including `upto`.
pub(super) fn own_talks(
    talks_by: &impl ReadableTable<(RoomKey, &'static str, IdKey), u64>,
    room: RoomKey,
    sender: &str,
    upto: Option<IdKey>,
) -> Result<u64, Fault> {
    let last = talks_by
        .range((room, sender, FIRST)..=(room, sender, upto.unwrap_or(LAST)))?
        .next_back();
    Ok(last.transpose()?.map_or(0, |row| row.1.value()))
}

#[async_trait]
impl History for EmbeddedHistory {
    async fn get(&self, room: RoomId, id: MessageId) -> Result<Option<Archived>> {
        let id = Bound::Included(id.to_bytes());
        let page = self.page(room, id, id, 1, false);
        page.map(|mut p| p.pop())
            .map_err(|why| failed("history", &why))
    }

    async fn after(
        &self,
        room: RoomId,
        after: Option<MessageId>,
        until: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        let from = after.map_or(Bound::Included(FIRST), |id| Bound::Excluded(id.to_bytes()));
        let to = until.map_or(LAST, MessageId::to_bytes);
        if after.is_some_and(|id| id.to_bytes() >= to) {
            return Ok(vec![]);
        }
        self.page(room, from, Bound::Included(to), size, false)
            .map_err(|why| failed("history", &why))
    }

    async fn before(
        &self,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        let to = before.map_or(Bound::Included(LAST), |id| Bound::Excluded(id.to_bytes()));
        self.page(room, Bound::Included(FIRST), to, size, true)
            .map_err(|why| failed("history", &why))
    }

    async fn summary(&self, room: RoomId) -> Result<Summary> {
        let read = || -> Result<_, Fault> {
            let table = self.db.begin_read()?.open_table(tables::SUMMARIES)?;
            Ok(rows::get(&table, room.to_bytes())?.unwrap_or_default())
        };
        read().map_err(|why| failed("history", &why))
    }

    async fn unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64> {
        self.count_unread(room, uid, mark)
            .map_err(|why| failed("history", &why))
    }

    async fn covered(&self, _room: RoomId) -> Result<u64> {
        let read = || -> Result<_, Fault> {
            let table = self.db.begin_read()?.open_table(tables::LOG)?;
            Ok(table.last()?.map_or(0, |(offset, _)| offset.value() + 1))
        };
        read().map_err(|why| failed("history", &why))
    }
}
