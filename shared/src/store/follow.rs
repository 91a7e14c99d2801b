//! Following a log that keeps no verdicts: its last ten minutes are read first, so as to judge like one that never stopped.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::{Batch, Followed, Log, Records};
use crate::domain::event::{Partition, Record};
use crate::domain::judge::{Judge, Judged};
use crate::error::{Error, Result};

/// Judges what it reads.
struct Follower {
    records: Records,
    /// For each part of the log.
    parts: Vec<Part>,
}

/// One part of the log as this follower has it.
struct Part {
    judge: Judge,
    next: u64,
}

/// Follows every part of the log from its end as it is now.
///
/// # Errors
/// `Unavailable`.
pub(super) async fn follow(log: &(impl Log + ?Sized)) -> Result<Followed> {
    let ends = log.ends().await?;
    let ends_of = Partition::of_each(ends.iter().copied());
    let from = log.pre_roll(&ends_of).await?;
    let from_of = Partition::of_each(from.iter().copied());
    let part = |next: &u64| Part {
        judge: Judge::new(log.epoch()),
        next: *next,
    };
    let mut follower = Follower {
        records: log.open(&from_of).await?,
        parts: from.iter().map(part).collect(),
    };
    let is_behind = |(part, end): (&Part, &u64)| part.next < *end;
    while follower.parts.iter().zip(&ends).any(is_behind) {
        follower
            .batch()
            .await
            .ok_or(Error::Unavailable("the log"))?;
    }
    Ok(Followed {
        from: follower.parts.iter().map(|part| part.next).collect(),
        judged: stream::unfold(follower, Follower::next).boxed(),
    })
}

impl Follower {
    async fn next(mut self) -> Option<(Batch<Judged>, Self)> {
        let batch = self.batch().await?;
        Some((batch, self))
    }

    async fn batch(&mut self) -> Option<Batch<Judged>> {
        let batch = self.records.next().await?;
        let read_at = batch.read_at;
        let judged = batch.into_iter().filter_map(|record| self.judge(record));
        Some(Batch {
            read_at,
            records: judged.collect(),
        })
    }

    fn judge(&mut self, record: Arc<Record>) -> Option<Arc<Judged>> {
        let part = self.parts.get_mut(record.partition.index())?;
        part.next = record.offset + 1;
        Some(Arc::new(part.judge.judge(record)))
    }
}
