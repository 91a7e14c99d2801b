//! The newest entries of the log, judged, in one bounded ring that all shards read by an entry's place in it.
//! The entries of each part of the log stand in their order. Of those that every shard has taken only what they show is kept.
//!
//! The reader waits for the slowest shard rather than lap it, so no shard ever misses an entry.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use roomtone_shared::domain::event::Partition;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use tokio::sync::watch;

use crate::entry::{Entry, Showing};

/// Entries that some shard has still to take.
const ENTRIES_MAX: usize = 16_384;
/// Entries kept for short resumes.
const SHOWN_MAX: usize = 16_384;

/// The entries.
struct Kept {
    /// Those that some shard may have still to take.
    live: VecDeque<Arc<Entry>>,
    /// What those before them show.
    shown: VecDeque<Showing>,
    /// For each part of the log the offset from which on all that show messages are there.
    since: Vec<u64>,
}

impl Kept {
    /// What there is of a part of the log, newest first: its offset, its room, and what it shows.
    fn newest_first(&self, of: Partition) -> impl Iterator<Item = (u64, RoomId, Kind<'_>)> {
        let live = self.live.iter().rev().filter(move |e| e.partition() == of);
        let live = live.filter_map(|e| Some((e.offset(), e.room()?, Kind::Live(e))));
        let shown = self.shown.iter().rev().filter(move |s| s.partition == of);
        live.chain(shown.map(|s| (s.offset, s.room, Kind::Shown(s))))
    }

    /// Every shard has taken what is before `slowest`.
    fn taken(&mut self, slowest: u64) {
        let taken = self.live.partition_point(|e| e.place < slowest);
        let done = self.live.drain(..taken);
        self.shown.extend(done.filter_map(|e| Showing::of(&e)));
        let over = self.shown.len().saturating_sub(SHOWN_MAX);
        for gone in self.shown.drain(..over) {
            if let Some(since) = self.since.get_mut(gone.partition.index()) {
                *since = gone.offset + 1;
            }
        }
    }
}

/// Something in the ring.
enum Kind<'k> {
    Live(&'k Entry),
    Shown(&'k Showing),
}

impl Kind<'_> {
    fn showing(self) -> Option<Showing> {
        match self {
            Self::Live(entry) => Showing::of(entry),
            Self::Shown(showing) => Some(showing.clone()),
        }
    }
}

/// The ring.
pub(crate) struct Ring {
    kept: Mutex<Kept>,
    end: watch::Sender<u64>,
    cursors: Vec<AtomicU64>,
    /// Whether the reader waits until shards have taken more, and what wakes it.
    waits: AtomicBool,
    taken: Condvar,
}

impl Ring {
    /// An empty ring, whose first entry of each part of the log will have that part's offset in `since`.
    pub(crate) fn new(since: Vec<u64>, shards: u16) -> Self {
        Self {
            kept: Mutex::new(Kept {
                live: VecDeque::new(),
                shown: VecDeque::new(),
                since,
            }),
            end: watch::Sender::new(0),
            cursors: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            waits: AtomicBool::new(false),
            taken: Condvar::new(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place after the last entry.
    pub(crate) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// The same, followed.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Puts in the next entries. Waits until there is room for them, so not to be called by a task.
    pub(crate) fn push(&self, new: Vec<Arc<Entry>>) {
        let Some(last) = new.last().map(|e| e.place) else {
            return;
        };
        let mut kept = self.kept();
        while last.saturating_sub(self.slowest()) >= ENTRIES_MAX as u64 {
            // A shard that has moved on before it could see this is seen here.
            self.waits.store(true, Ordering::SeqCst);
            if last.saturating_sub(self.slowest()) >= ENTRIES_MAX as u64 {
                kept = self
                    .taken
                    .wait(kept)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            self.waits.store(false, Ordering::SeqCst);
        }
        kept.taken(self.slowest());
        kept.live.extend(new);
        drop(kept);
        self.end.send_replace(last + 1);
    }

    /// The place below which every shard has taken all.
    pub(crate) fn slowest(&self) -> u64 {
        let cursors = self.cursors.iter().map(|c| c.load(Ordering::SeqCst));
        // A shard that has ended waits for nothing that is still to come.
        cursors.min().unwrap_or(u64::MAX).min(*self.end.borrow())
    }

    /// The entries from `from` on, at most `max`.
    pub(crate) fn read(&self, from: u64, max: usize) -> Vec<Arc<Entry>> {
        let kept = self.kept();
        let skip = kept.live.partition_point(|e| e.place < from);
        kept.live.iter().skip(skip).take(max).cloned().collect()
    }

    /// Notes how far a shard has got.
    pub(crate) fn took(&self, shard: u16, cursor: u64) {
        self.cursors[usize::from(shard)].store(cursor, Ordering::SeqCst);
        if self.waits.load(Ordering::SeqCst) {
            // Held, the reader either waits already or has still to look how far the shards are.
            drop(self.kept());
            self.taken.notify_one();
        }
    }

    /// What the room's entries show from the record of `after` on, from offsets below `until`, all
    /// in this part of the log; none where the ring does not reach back that far.
    pub(crate) fn recent(
        &self,
        room: RoomId,
        partition: Partition,
        after: MessageId,
        until: u64,
    ) -> Option<Vec<Showing>> {
        let kept = self.kept();
        let since = *kept.since.get(partition.index())?;
        if since > after.offset {
            return None;
        }
        let back = kept
            .newest_first(partition)
            .take_while(|(offset, ..)| *offset >= after.offset);
        let wanted = back.filter(|(offset, of, _)| *of == room && *offset < until);
        let mut found: Vec<_> = wanted.filter_map(|(.., kind)| kind.showing()).collect();
        found.reverse();
        Some(found)
    }

    /// What the room's newest entry that shows a message does, where the ring still has one.
    pub(crate) fn newest(&self, room: RoomId, partition: Partition) -> Option<Showing> {
        let kept = self.kept();
        let mut own = kept
            .newest_first(partition)
            .filter(|(_, of, _)| *of == room);
        own.find_map(|(.., kind)| kind.showing())
    }
}

#[cfg(test)]
mod tests;
