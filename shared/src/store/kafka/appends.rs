//! Appends that wait for their verdict, and who gives it: a node's own reader, or the recorder.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::domain::event::{AppendId, Fact, Partition};
use crate::domain::judge::{Judged, Verdict};
use crate::domain::message::MessageId;
use crate::error::{Error, Result};
use crate::store::{Appended, Appending};

/// Appends that wait at once; beyond, they are refused.
const WAITING_MAX: usize = 65_536;

/// What the recorder made of a record, for processes that do not read the log.
#[async_trait]
pub(in crate::store) trait RecordedVerdicts: Send + Sync {
    /// Waits a bounded time until a record is recorded; gives the verdict on each of its messages, and the id
    /// of the ENTER or EXIT that it became. Where the recorder is late, what is known: nothing of the one, and
    /// none of the other.
    async fn of(
        &self,
        partition: Partition,
        offset: u64,
        fact: &Fact,
    ) -> Result<(Vec<Verdict>, Option<MessageId>)>;
}

/// Who judges what this process appends.
#[derive(Clone)]
pub(in crate::store) enum Judging {
    /// Its own reader of the log.
    Reader,
    /// The recorder.
    Recorder(Arc<dyn RecordedVerdicts>),
}

/// An append that waits, and when it has waited long enough.
#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Result<Appended>>,
    until: Instant,
}

/// Appends of this process whose records were not read back yet.
#[derive(Debug)]
pub(super) struct Appends {
    process: u64,
    next: AtomicU64,
    patience: Duration,
    waiting: Mutex<BTreeMap<u64, Waiting>>,
}

impl Appends {
    /// None yet; one waits no longer than `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            process: uuid::Uuid::new_v4().as_u64_pair().0,
            next: AtomicU64::new(0),
            patience,
            waiting: Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id for the next append.
    pub(super) fn id(&self) -> AppendId {
        AppendId {
            process: self.process,
            number: self.next.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Waits for the verdict on an append; none where too many wait.
    pub(super) fn wait(&self, id: AppendId) -> Option<Appending> {
        let (answer, receiver) = oneshot::channel();
        let until = Instant::now() + self.patience;
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            return None;
        }
        waiting.insert(id.number, Waiting { answer, until });
        Some(Appending::new(receiver))
    }

    /// It was not appended.
    pub(super) fn failed(&self, id: AppendId) {
        self.resolve(id, Err(Error::Unavailable("the log")));
    }

    /// It was read back.
    pub(super) fn judged(&self, judged: &Judged) {
        let Some(id) = judged.record.append.filter(|id| id.process == self.process) else {
            return;
        };
        let appended = Appended {
            offset: judged.record.offset,
            at: judged.record.at,
            verdicts: judged.verdicts.clone(),
            notice: judged.notice(),
        };
        self.resolve(id, Ok(appended));
    }

    /// Lets go of those that have waited long enough, such as where nobody reads the log. Numbers grow with
    /// time, so these come first.
    pub(super) fn forget(&self, now: Instant) {
        let mut waiting = self.waiting();
        while let Some(first) = waiting.first_entry().filter(|w| w.get().until <= now) {
            // Whoever waited may be gone.
            let _ = first
                .remove()
                .answer
                .send(Err(Error::Unavailable("the log")));
        }
    }

    fn resolve(&self, id: AppendId, with: Result<Appended>) {
        if let Some(waiting) = self.waiting().remove(&id.number) {
            // Whoever waited may be gone.
            let _ = waiting.answer.send(with);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{NodeId, Record};
    use crate::domain::judge::Judge;
    use crate::domain::time::Timestamp;

    const PATIENCE: Duration = Duration::from_secs(10);
    const REFUSED: Result<Appended> = Err(Error::Unavailable("the log"));

    fn read_back(append: Option<AppendId>) -> Judged {
        Judge::new(0).judge(Arc::new(Record {
            partition: Partition(3),
            offset: 7,
            at: Timestamp::from_ms(9),
            append,
            fact: Fact::NodeGone(NodeId(1)),
        }))
    }

    #[tokio::test]
    async fn an_append_ends_when_its_own_record_is_read_back() {
        let (appends, others) = (Appends::new(PATIENCE), Appends::new(PATIENCE));
        let id = appends.id();
        let appending = appends.wait(id).unwrap();
        appends.judged(&read_back(None));
        appends.judged(&read_back(Some(others.id())));
        appends.judged(&read_back(Some(appends.id())));
        assert_eq!(appends.waiting().len(), 1);
        appends.judged(&read_back(Some(id)));
        let appended = appending.await.unwrap();
        assert_eq!((appended.offset, appended.at), (7, Timestamp::from_ms(9)));
        assert_eq!(appends.waiting().len(), 0);
    }

    #[tokio::test]
    async fn an_append_that_fails_says_so_and_leaves_nothing() {
        let appends = Appends::new(PATIENCE);
        let (kept, dropped) = (appends.id(), appends.id());
        let appending = appends.wait(kept).unwrap();
        drop(appends.wait(dropped));
        appends.failed(kept);
        appends.failed(dropped);
        assert_eq!(appending.await, REFUSED);
        assert_eq!(appends.waiting().len(), 0);
    }

    #[tokio::test]
    async fn an_append_that_is_never_read_back_ends_and_leaves_nothing() {
        let appends = Appends::new(PATIENCE);
        let (early, begun) = (appends.wait(appends.id()).unwrap(), Instant::now());
        appends.forget(begun + PATIENCE - Duration::from_secs(1));
        assert_eq!(appends.waiting().len(), 1);
        drop(appends.wait(appends.id()));
        appends.forget(Instant::now() + PATIENCE);
        assert_eq!(early.await, REFUSED);
        assert_eq!(appends.waiting().len(), 0);
    }

    #[test]
    fn too_many_that_wait_are_refused() {
        let appends = Appends::new(PATIENCE);
        let first = appends.id();
        drop(appends.wait(first));
        for _ in 1..WAITING_MAX {
            assert!(appends.wait(appends.id()).is_some());
        }
        assert!(appends.wait(appends.id()).is_none());
        appends.failed(first);
        assert!(appends.wait(appends.id()).is_some());
    }
}
