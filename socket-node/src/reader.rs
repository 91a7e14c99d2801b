//! The node's reader: log → verdicts → presence → ring. It knows no session.

use std::sync::Arc;

use futures_util::StreamExt;
use roomtone_shared::domain::event::{Fact, NodeId, Partition, Record};
use roomtone_shared::domain::judge::{Judge, Judged};
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{Records, Stores};
use tokio::sync::mpsc;

use crate::entry::Entry;
use crate::holds::Holds;
use crate::ring::Ring;
use crate::watched::{Watch, WatchedRooms};

/// The reader.
pub(crate) struct Reader {
    stores: Stores,
    records: Records,
    /// For each part of the log.
    parts: Vec<Part>,
    /// The ring's next place.
    place: u64,
}

/// One part of the log as this reader has it.
struct Part {
    judge: Judge,
    next: u64,
}

impl Reader {
    /// Goes through the last ten minutes of the log, so as to judge like one that never stopped.
    pub(crate) async fn open(stores: Stores) -> Result<Self> {
        let ends = stores.log.ends().await?;
        let ends_of = Partition::of_each(ends.iter().copied());
        let from = stores.log.pre_roll(&ends_of).await?;
        let from_of = Partition::of_each(from.iter().copied());
        let part = |next: &u64| Part {
            judge: Judge::new(stores.log.epoch()),
            next: *next,
        };
        let mut reader = Self {
            records: stores.log.open(&from_of).await?,
            parts: from.iter().map(part).collect(),
            place: 0,
            stores,
        };
        while reader
            .parts
            .iter()
            .zip(&ends)
            .any(|(part, end)| part.next < *end)
        {
            let batch = reader.records.next().await;
            for record in batch.ok_or(Error::Unavailable("the log"))? {
                reader.judge(record);
            }
        }
        Ok(reader)
    }

    /// Where it goes on in each part of the log.
    pub(crate) fn next(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.next).collect()
    }

    /// Reads on until everybody who could ask something of it is gone, or the log can be read no more.
    pub(crate) async fn run(
        mut self,
        ring: Arc<Ring>,
        mut watches: mpsc::Receiver<Watch>,
        (own, holds): (NodeId, Holds),
    ) {
        let (mut watched, mut loaded) = WatchedRooms::new(self.stores.clone());
        loop {
            tokio::select! {
                biased;
                watch = watches.recv() => match watch {
                    Some(watch) => watched.watch(watch),
                    None => return,
                },
                Some(room) = loaded.recv() => watched.loaded(room),
                batch = self.records.next() => {
                    let Some(batch) = batch else { return };
                    let entries = batch.into_iter().filter_map(|record| {
                        let judged = self.judge(record)?;
                        if judged.record.fact == Fact::NodeGone(own) {
                            // The others took it for gone, and it is not.
                            holds.tell_again(Some(judged.record.partition));
                        }
                        let flips = watched.flips(&judged);
                        self.stores.log.judged(&judged);
                        self.place += 1;
                        Some(Entry::new(self.place - 1, judged, flips))
                    });
                    ring.push(entries.collect()).await;
                }
            }
        }
    }

    fn judge(&mut self, record: Arc<Record>) -> Option<Judged> {
        let part = self.parts.get_mut(record.partition.index())?;
        part.next = record.offset + 1;
        Some(part.judge.judge(record))
    }
}
