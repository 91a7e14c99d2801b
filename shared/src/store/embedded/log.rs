//! The log on redb.

use std::sync::Arc;

use async_trait::async_trait;
use redb::{Database, ReadableDatabase, ReadableTable};
use tokio::sync::watch;

use super::rows::{self, Fault};
use super::tables;
use super::writer::{Tail, Writer};
use crate::domain::event::{Fact, Record};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::{Appending, Log, failed};

/// The log on redb: one part, for all rooms.
pub(super) struct EmbeddedLog {
    db: Arc<Database>,
    writer: Writer,
    tail: Arc<Tail>,
    epoch: u16,
}

impl EmbeddedLog {
    pub(super) fn new(db: Arc<Database>, writer: Writer, tail: Arc<Tail>, epoch: u16) -> Self {
        Self {
            db,
            writer,
            tail,
            epoch,
        }
    }

    fn read_file(&self, from: u64, max: usize) -> Result<Vec<Arc<Record>>, Fault> {
        let table = self.db.begin_read()?.open_table(tables::LOG)?;
        let mut records = vec![];
        for row in table.range(from..)?.take(max) {
            records.push(Arc::new(rows::read(row?.1.value())?));
        }
        Ok(records)
    }

    /// Halves the range of offsets until it has the first record that is not older than `at`.
    fn search(&self, at: Timestamp) -> Result<u64, Fault> {
        let table = self.db.begin_read()?.open_table(tables::LOG)?;
        let Some((first, _)) = table.first()? else {
            return Ok(0);
        };
        let mut low = first.value();
        let mut high = table.last()?.map_or(low, |(last, _)| last.value() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let older =
                rows::get::<_, Record>(&table, middle)?.is_some_and(|record| record.at < at);
            if older {
                low = middle + 1
            } else {
                high = middle
            }
        }
        Ok(low)
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    fn epoch(&self) -> u16 {
        self.epoch
    }

    fn append(&self, fact: Fact) -> Appending {
        Appending::new(
            self.writer
                .submit(|tables, scribe| scribe.append(tables, fact)),
        )
    }

    async fn read(&self, from: u64, max: usize) -> Result<Vec<Arc<Record>>> {
        match self.tail.read(from, max) {
            Some(records) => Ok(records),
            None => self
                .read_file(from, max)
                .map_err(|why| failed("the log", &why)),
        }
    }

    async fn end(&self, _room: RoomId) -> Result<u64> {
        Ok(*self.tail.follow().borrow())
    }

    fn follow(&self) -> watch::Receiver<u64> {
        self.tail.follow()
    }

    async fn first_since(&self, at: Timestamp) -> Result<u64> {
        self.search(at).map_err(|why| failed("the log", &why))
    }
}
