//! The log in its file: one part, for all rooms.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use redb::Database;
use tokio::sync::watch;

use super::journal::{Journal, Placed};
use super::log_writer::LogWriter;
use super::places;
use super::rows::Fault;
use super::tail::Tail;
use crate::domain::event::{Fact, Partition, Record};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::{Appending, Batch, Begin, Following, Log, Records, failed};

/// Records taken at once by whoever follows.
const BATCH_MAX: usize = 1_024;
/// Milliseconds before a file that could not be read is read again.
const RETRY_MS: u64 = 200;

/// The log in its file.
#[derive(Clone)]
pub(super) struct EmbeddedLog {
    pub(super) db: Arc<Database>,
    pub(super) journal: Journal,
    pub(super) writer: LogWriter,
    pub(super) tail: Arc<Tail>,
    pub(super) epoch: u16,
}

impl EmbeddedLog {
    /// The records from `from` on, at most `max`; none where the log ends before it.
    fn read(&self, from: u64, max: usize) -> Result<Vec<Arc<Record>>, Fault> {
        let end = self.tail.end();
        let mut walk = places::walk(&self.db, &self.journal, from)?;
        let mut records = vec![];
        while records.len() < max
            && let Some(Placed { record, .. }) = walk.next()?
            // What is behind the end is not durable yet.
            && record.offset < end
        {
            if record.offset >= from {
                records.push(Arc::new(record));
            }
        }
        Ok(records)
    }

    fn time_before(&self, offset: u64) -> Result<Option<Timestamp>, Fault> {
        let Some(before) = offset.checked_sub(1) else {
            return Ok(None);
        };
        let found = self.read(before, 1)?;
        Ok(found.first().map(|record| record.at))
    }

    fn first_since(&self, at: Timestamp) -> Result<u64, Fault> {
        let end = self.tail.end();
        let mut walk = places::walk(&self.db, &self.journal, places::before(&self.db, at)?)?;
        while let Some(Placed { record, .. }) = walk.next()? {
            if record.offset >= end || record.at >= at {
                return Ok(record.offset.min(end));
            }
        }
        Ok(end)
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
    async fn next(mut self) -> Option<(Batch<Record>, Self)> {
        loop {
            self.end.wait_for(|end| *end > self.next).await.ok()?;
            let read_at = Instant::now();
            match self.log.read(self.next, BATCH_MAX) {
                Ok(records) => {
                    self.next = records.last().map_or(self.next, |last| last.offset + 1);
                    return Some((Batch { read_at, records }, self));
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
        self.writer.append(fact)
    }

    async fn end(&self, _room: RoomId) -> Result<u64> {
        Ok(self.tail.end())
    }

    async fn ends(&self) -> Result<Vec<u64>> {
        Ok(vec![self.tail.end()])
    }

    async fn first_since(&self, times: &[(Partition, Timestamp)]) -> Result<Vec<u64>> {
        let found = times.iter().map(|(_, at)| self.first_since(*at)).collect();
        found_or_failed(found)
    }

    async fn times_before(&self, offsets: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>> {
        let before = |(_, offset): &(Partition, u64)| self.time_before(*offset);
        found_or_failed(offsets.iter().map(before).collect())
    }

    async fn open(&self, from: &[(Partition, u64)]) -> Result<Records> {
        let follower = Follower {
            log: self.clone(),
            end: self.tail.watch(),
            next: from.first().map_or(0, |(_, offset)| *offset),
        };
        Ok(stream::unfold(follower, Follower::next).boxed())
    }

    async fn follow(&self, begin: Begin) -> Result<Following> {
        self.tail.follow(begin).ok_or(Error::Unavailable("the log"))
    }
}
