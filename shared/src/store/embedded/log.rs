//! The log on redb.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use redb::{Database, ReadableDatabase, ReadableTable};
use tokio::sync::watch;

use super::rows::{self, Fault};
use super::tables;
use super::writer::{Tail, Writer};
use crate::domain::event::{Fact, Partition, Record};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::{Appending, Log, Records, failed};

/// Records taken at once by whoever follows.
const BATCH_MAX: usize = 1_024;
/// Milliseconds before a file that could not be read is read again.
const RETRY_MS: u64 = 200;

/// The log on redb: one part, for all rooms.
#[derive(Clone)]
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

    /// The records from `from` on, at most `max`; none where the log ends before it.
    fn read(&self, from: u64, max: usize) -> Result<Vec<Arc<Record>>, Fault> {
        match self.tail.read(from, max) {
            Some(records) => Ok(records),
            None => self.read_file(from, max),
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

    fn time_before(&self, offset: u64) -> Result<Option<Timestamp>, Fault> {
        let Some(before) = offset.checked_sub(1) else {
            return Ok(None);
        };
        let table = self.db.begin_read()?.open_table(tables::LOG)?;
        let record = rows::get::<_, Record>(&table, before)?;
        Ok(record.map(|record| record.at))
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

fn found_or_failed<T>(found: Result<T, Fault>) -> Result<T> {
    found.map_err(|why| failed("the log", &why))
}

/// The records from an offset on, as they come.
struct Follower {
    log: EmbeddedLog,
    end: watch::Receiver<u64>,
    next: u64,
}

impl Follower {
    async fn next(mut self) -> Option<(Vec<Arc<Record>>, Self)> {
        loop {
            self.end.wait_for(|end| *end > self.next).await.ok()?;
            match self.log.read(self.next, BATCH_MAX) {
                Ok(records) => {
                    self.next = records.last().map_or(self.next, |last| last.offset + 1);
                    return Some((records, self));
                }
                Err(why) => {
                    failed("the log", &why);
                    tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
                }
            }
        }
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    fn epoch(&self) -> u16 {
        self.epoch
    }

    fn partitions(&self) -> u16 {
        1
    }

    fn append_to(&self, _partition: Partition, fact: Fact) -> Appending {
        Appending::new(
            self.writer
                .submit(|tables, scribe| scribe.append(tables, fact)),
        )
    }

    async fn end(&self, _room: RoomId) -> Result<u64> {
        Ok(*self.tail.follow().borrow())
    }

    async fn ends(&self) -> Result<Vec<u64>> {
        Ok(vec![*self.tail.follow().borrow()])
    }

    async fn first_since(&self, times: &[(Partition, Timestamp)]) -> Result<Vec<u64>> {
        let found = times.iter().map(|(_, at)| self.search(*at)).collect();
        found_or_failed(found)
    }

    async fn times_before(&self, offsets: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>> {
        let before = |(_, offset): &(Partition, u64)| self.time_before(*offset);
        found_or_failed(offsets.iter().map(before).collect())
    }

    async fn open(&self, from: &[(Partition, u64)]) -> Result<Records> {
        let follower = Follower {
            log: self.clone(),
            end: self.tail.follow(),
            next: from.first().map_or(0, |(_, offset)| *offset),
        };
        Ok(stream::unfold(follower, Follower::next).boxed())
    }
}
