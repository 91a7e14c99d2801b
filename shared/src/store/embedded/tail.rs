//! The newest records, in memory, for those who follow the log.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::event::Record;

/// Records kept in memory for those who follow the log.
const TAIL_RECORDS: usize = 4_096;

/// The newest records.
pub(super) struct Tail {
    recent: Mutex<VecDeque<Arc<Record>>>,
    end: watch::Sender<u64>,
}

impl Tail {
    /// None yet; the log ends at `end`.
    pub(super) fn new(end: u64) -> Self {
        Self {
            recent: Mutex::default(),
            end: watch::Sender::new(end),
        }
    }

    /// The offset after the last durable record.
    pub(super) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// Follows the offset after the last durable record.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// The records from `from` on, where they are all still in memory.
    pub(super) fn read(&self, from: u64, max: usize) -> Option<Vec<Arc<Record>>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let first = recent.front()?.offset;
        let skip = usize::try_from(from.checked_sub(first)?).ok()?;
        Some(recent.iter().skip(skip).take(max).cloned().collect())
    }

    /// Puts in the next records, which are durable.
    pub(super) fn push(&self, records: impl IntoIterator<Item = Arc<Record>>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.extend(records);
        let over = recent.len().saturating_sub(TAIL_RECORDS);
        recent.drain(..over);
        let Some(end) = recent.back().map(|last| last.offset + 1) else {
            return;
        };
        drop(recent);
        self.end
            .send_if_modified(|was| std::mem::replace(was, end) != end);
    }
}

#[cfg(test)]
mod tests;
