//! Reading the log as those do who follow it: opened somewhere, and read to its ends.

use std::sync::Arc;

use futures_util::StreamExt;
use roomtone_shared::domain::event::{Fact, Partition, Record};
use roomtone_shared::domain::judge::{Judge, Judged};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::store::{Records, Stores};

use crate::deadline;

/// Somebody who follows the log, and sees that each of its parts comes in its order.
pub(crate) struct Reader {
    records: Records,
    /// For each part, the least offset that may come next.
    pub(crate) next: Vec<u64>,
}

impl Reader {
    pub(crate) async fn open(stores: &Stores, from: &[u64]) -> Self {
        assert_eq!(from.len(), usize::from(stores.log.partitions()));
        let records = stores
            .log
            .open(&Partition::of_each(from.iter().copied()))
            .await
            .unwrap();
        let next = from.to_vec();
        Self { records, next }
    }

    /// What comes next, some at a time.
    pub(crate) async fn read(&mut self) -> Vec<Arc<Record>> {
        deadline::within("the next records of the log", self.wait()).await
    }

    /// The same, however long it takes.
    pub(crate) async fn wait(&mut self) -> Vec<Arc<Record>> {
        let batch = self.records.next().await.expect("a log that goes on");
        for record in &batch.records {
            let next = &mut self.next[record.partition.index()];
            assert!(record.offset >= *next, "{record:?} where {next} was due");
            *next = record.offset + 1;
        }
        batch.records
    }

    /// Everything up to where the log ends now.
    pub(crate) async fn read_on(&mut self, stores: &Stores) -> Vec<Arc<Record>> {
        let ends = stores.log.ends().await.unwrap();
        let mut all = vec![];
        while self.next.iter().zip(&ends).any(|(next, end)| next < end) {
            all.extend(self.read().await);
        }
        all
    }
}

/// For each part, the first offset whose record is not older than that.
pub(crate) async fn first_since(stores: &Stores, at: Timestamp) -> Vec<u64> {
    let times = Partition::of_each(vec![at; stores.log.partitions().into()]);
    stores.log.first_since(&times).await.unwrap()
}

/// Where the first record of each part is, or will be.
pub(crate) async fn beginning(stores: &Stores) -> Vec<u64> {
    first_since(stores, Timestamp::from_ms(0)).await
}

/// What the log has from there on.
pub(crate) async fn read_from(stores: &Stores, from: &[u64]) -> Vec<Arc<Record>> {
    Reader::open(stores, from).await.read_on(stores).await
}

/// All that the log has.
pub(crate) async fn read_all(stores: &Stores) -> Vec<Arc<Record>> {
    read_from(stores, &beginning(stores).await).await
}

/// Those of one room.
pub(crate) fn of_room(records: &[Arc<Record>], room: RoomId) -> Vec<Arc<Record>> {
    let of = |record: &&Arc<Record>| record.fact.room() == Some(room);
    records.iter().filter(of).cloned().collect()
}

pub(crate) fn facts_of(records: &[Arc<Record>]) -> Vec<Fact> {
    records.iter().map(|record| record.fact.clone()).collect()
}

/// A judge for each part of the log, as every reader has them.
pub(crate) struct Judges(Vec<Judge>);

impl Judges {
    pub(crate) fn new(stores: &Stores) -> Self {
        let judge = |_| Judge::new(stores.log.epoch());
        Self((0..stores.log.partitions()).map(judge).collect())
    }

    pub(crate) fn judge(&mut self, record: Arc<Record>) -> Judged {
        self.0[record.partition.index()].judge(record)
    }
}
