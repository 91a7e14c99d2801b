//! Records that are durable and not recorded yet, on their way from the log's writer to the recorder.
//!
//! The recorder is woken by the first of them and when there are many, not by each group: what it does with one may wait,
//! and a thread that wakes for nothing keeps the core from those who wait for the message.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::record::Recordable;

/// Records that are recorded at once where nobody asks for them before: a room's rows are written once for all of them.
pub(super) const RECORDS_MAX: usize = 16_384;
/// Records that wait; beyond, the log waits for the recorder.
const WAITING_MAX: usize = 4 * RECORDS_MAX;

/// What waits.
#[derive(Default)]
struct Waiting {
    records: Vec<Recordable>,
    /// Whether no more can come, and whether nobody takes them.
    ended: bool,
    left: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// For the recorder: there are some, many, or no more.
    news: Notify,
    /// For the log's writer: there is room.
    room: Condvar,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log's end of it.
pub(super) struct Unrecorded(Arc<Shared>);

/// The recorder's end of it.
pub(super) struct Recorder(Arc<Shared>);

/// How much there is to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Some records, which may wait a little.
    Some,
    /// Too many to wait.
    Many,
    /// What there is, and no more will come.
    Ended,
}

/// Both ends.
pub(super) fn unrecorded() -> (Unrecorded, Recorder) {
    let shared = Arc::new(Shared::default());
    (Unrecorded(shared.clone()), Recorder(shared))
}

impl Unrecorded {
    /// Puts in the log's next records; true where the recorder is to be told with [`Unrecorded::tell`]. Waits while there are
    /// too many, so not to be called by a task.
    #[must_use]
    pub(super) fn put(&self, records: Vec<Recordable>) -> bool {
        let is_full = |waiting: &mut Waiting| waiting.records.len() >= WAITING_MAX && !waiting.left;
        let waiting = self.0.room.wait_while(self.0.waiting(), is_full);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        if waiting.left {
            return false;
        }
        let before = waiting.records.len();
        waiting.records.extend(records);
        let now = waiting.records.len();
        before == 0 || (before < RECORDS_MAX && now >= RECORDS_MAX)
    }

    /// Wakes the recorder: there are the first, or many.
    pub(super) fn tell(&self) {
        self.0.news.notify_one();
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        self.0.waiting().ended = true;
        self.0.news.notify_one();
    }
}

impl Recorder {
    /// Waits until there is something to record, or will be nothing any more. What is there already is told of once.
    pub(super) async fn news(&self) -> News {
        self.0.news.notified().await;
        let waiting = self.0.waiting();
        match waiting.records.len() {
            _ if waiting.ended => News::Ended,
            RECORDS_MAX.. => News::Many,
            _ => News::Some,
        }
    }

    /// Takes all there is.
    pub(super) fn take(&self) -> Vec<Recordable> {
        let records = std::mem::take(&mut self.0.waiting().records);
        self.0.room.notify_one();
        records
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.waiting().left = true;
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests;
