//! The newest entries of the log, judged, in one bounded ring that all shards read by offset.
//!
//! The reader waits for the slowest shard rather than lap it, so no shard ever misses an entry.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use tokio::sync::{Notify, watch};

use crate::entry::Entry;

/// Entries kept; those that every shard has taken serve short resumes.
const ENTRIES_MAX: usize = 16_384;
/// Entries looked through for one resume; beyond, history is the shorter way.
const RESUME_ENTRIES_MAX: usize = 1_024;

/// The ring.
pub(crate) struct Ring {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    end: watch::Sender<u64>,
    cursors: Vec<AtomicU64>,
    taken: Notify,
}

impl Ring {
    /// An empty ring, whose first entry will have the offset `from`.
    pub(crate) fn new(from: u64, shards: u16) -> Self {
        Self {
            entries: Mutex::default(),
            end: watch::Sender::new(from),
            cursors: (0..shards).map(|_| AtomicU64::new(from)).collect(),
            taken: Notify::new(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The offset after the last entry, followed.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Puts in the next entries, once there is room for them.
    pub(crate) async fn push(&self, new: Vec<Arc<Entry>>) {
        let Some(last) = new.last().map(|e| e.offset()) else {
            return;
        };
        loop {
            let taken = self.taken.notified();
            let slowest = self
                .cursors
                .iter()
                .map(|c| c.load(Ordering::Acquire))
                .min()
                .unwrap_or(u64::MAX);
            if last.saturating_sub(slowest) < ENTRIES_MAX as u64 {
                break;
            }
            taken.await;
        }
        let mut entries = self.entries();
        entries.extend(new);
        let over = entries.len().saturating_sub(ENTRIES_MAX);
        entries.drain(..over);
        drop(entries);
        self.end.send_replace(last + 1);
    }

    /// The entries from `from` on, at most `max`.
    pub(crate) fn read(&self, from: u64, max: usize) -> Vec<Arc<Entry>> {
        let entries = self.entries();
        let skip = entries.partition_point(|e| e.offset() < from);
        entries.iter().skip(skip).take(max).cloned().collect()
    }

    /// Notes how far a shard has got.
    pub(crate) fn took(&self, shard: u16, cursor: u64) {
        self.cursors[usize::from(shard)].store(cursor, Ordering::Release);
        self.taken.notify_one();
    }

    /// The room's entries that show messages after `after`, from offsets below `until`; none where the
    /// ring does not reach back that far, or has too many to look through.
    pub(crate) fn recent(
        &self,
        room: RoomId,
        after: MessageId,
        until: u64,
    ) -> Option<Vec<Arc<Entry>>> {
        let entries = self.entries();
        let skip = entries.partition_point(|e| e.offset() < after.offset);
        let whole = entries
            .front()
            .is_some_and(|first| first.offset() <= after.offset);
        if !whole || entries.len() - skip > RESUME_ENTRIES_MAX {
            return None;
        }
        let of_room = |e: &&Arc<Entry>| e.room() == Some(room) && !e.judged.shown.is_empty();
        Some(
            entries
                .iter()
                .skip(skip)
                .take_while(|e| e.offset() < until)
                .filter(of_room)
                .cloned()
                .collect(),
        )
    }

    /// The room's newest entry that shows a message, where the ring still has one.
    pub(crate) fn newest(&self, room: RoomId) -> Option<Arc<Entry>> {
        let shows = |e: &&Arc<Entry>| e.room() == Some(room) && !e.judged.shown.is_empty();
        self.entries().iter().rev().find(shows).cloned()
    }
}
