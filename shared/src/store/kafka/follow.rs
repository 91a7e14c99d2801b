//! Following a log that keeps no verdicts: its last ten minutes are read first, so as to judge like one that never stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::{KafkaSettings, reading};
use crate::domain::event::{Partition, Record};
use crate::domain::judge::{Judge, Judged};
use crate::error::{Error, Result};
use crate::store::{Batch, Begin, Following, Log, Sink, failed};

/// One part of the log as a follower has it.
struct Part {
    judge: Judge,
    next: u64,
    /// Where following begins: what is before it is only judged.
    end: u64,
}

/// Judges what is read, and gives on what comes once all that was there before is judged.
struct Follower {
    parts: Vec<Part>,
    to: To,
}

/// Whom it is for.
enum To {
    /// Who is told where each part begins, once that is known, and that it has begun.
    Beginning(Begin, oneshot::Sender<()>),
    Sink(Sink),
    /// Nobody, for the moment in which one becomes the other.
    Nobody,
}

/// Follows every part of the log from its end as it is now. The thread that reads calls the sink.
///
/// # Errors
/// `Unavailable`.
pub(super) async fn follow(
    log: &impl Log,
    settings: &KafkaSettings,
    begin: Begin,
) -> Result<Following> {
    let ends = log.ends().await?;
    let ends_of = Partition::of_each(ends.iter().copied());
    let from = log.pre_roll(&ends_of).await?;
    let from_of = Partition::of_each(from.iter().copied());
    let part = |(next, end): (&u64, &u64)| Part {
        judge: Judge::new(log.epoch()),
        next: *next,
        end: *end,
    };
    let (told, begun) = oneshot::channel();
    let mut follower = Follower {
        parts: from.iter().zip(&ends).map(part).collect(),
        to: To::Beginning(begin, told),
    };
    follower.begin();
    let goes_on = Arc::new(AtomicBool::new(true));
    let wanted = goes_on.clone();
    let is_wanted = move || wanted.load(Ordering::Relaxed);
    reading::each(settings, &from_of, is_wanted, move |batch| {
        follower.take(batch);
    })
    .map_err(|why| failed("the log", &why))?;
    let following = Following::new(move || goes_on.store(false, Ordering::Relaxed));
    begun.await.map_err(|_| Error::Unavailable("the log"))?;
    Ok(following)
}

impl Follower {
    fn take(&mut self, batch: Batch<Record>) {
        let read_at = batch.read_at;
        let judged = batch.into_iter().filter_map(|record| self.judge(record));
        let records: Vec<_> = judged.collect();
        match &mut self.to {
            To::Sink(sink) => sink(Batch { read_at, records }),
            To::Beginning(..) => self.begin(),
            To::Nobody => {}
        }
    }

    /// Begins to give on, where all that was there before is judged.
    fn begin(&mut self) {
        if self.parts.iter().any(|part| part.next < part.end) {
            return;
        }
        if let To::Beginning(begin, told) = std::mem::replace(&mut self.to, To::Nobody) {
            let from = self.parts.iter().map(|part| part.next).collect();
            self.to = To::Sink(begin(from));
            // Whoever wanted to follow may be gone, and then nothing more is read.
            let _ = told.send(());
        }
    }

    fn judge(&mut self, record: Arc<Record>) -> Option<Arc<Judged>> {
        let part = self.parts.get_mut(record.partition.index())?;
        part.next = record.offset + 1;
        Some(Arc::new(part.judge.judge(record)))
    }
}
