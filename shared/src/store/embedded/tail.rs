//! The end of the log: how far it goes, and those who follow it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::judge::Judged;
use crate::store::{Batch, Begin, Following, Sink};

/// A group of records, which was made durable at once.
type Group = Vec<Arc<Judged>>;

/// Those who follow, each with a number of its own.
#[derive(Default)]
struct Followers {
    sinks: Vec<(u64, Sink)>,
    next: u64,
    /// Whether nothing more comes.
    closed: bool,
}

/// The end of the log.
pub(super) struct Tail {
    end: watch::Sender<u64>,
    followers: Mutex<Followers>,
}

impl Tail {
    /// Nobody follows yet; the log ends at `end`.
    pub(super) fn new(end: u64) -> Self {
        Self {
            end: watch::Sender::new(end),
            followers: Mutex::default(),
        }
    }

    /// The offset after the last durable record.
    pub(super) fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// Follows the offset after the last durable record.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// Gives each group that is pushed from now on to a sink; none where nothing more comes. Waits while a group is being given.
    pub(super) fn follow(self: &Arc<Self>, begin: Begin) -> Option<Following> {
        let mut followers = self.followers();
        if followers.closed {
            return None;
        }
        // The end does not change while they are held.
        let sink = begin(vec![self.end()]);
        let number = followers.next;
        followers.next += 1;
        followers.sinks.push((number, sink));
        let tail = self.clone();
        Some(Following::new(move || tail.leave(number)))
    }

    /// Nothing more comes: nobody follows any more.
    pub(super) fn close(&self) {
        let mut followers = self.followers();
        followers.closed = true;
        let gone = std::mem::take(&mut followers.sinks);
        drop(followers);
        drop(gone);
    }

    fn leave(&self, number: u64) {
        let mut followers = self.followers();
        let at = followers.sinks.iter().position(|(own, _)| *own == number);
        let gone = at.map(|at| followers.sinks.swap_remove(at));
        // What it kept may be the last of much, and is not let go of while others wait.
        drop(followers);
        drop(gone);
    }

    /// The next records, which are durable. Waits for those who follow, so not to be called by a task.
    pub(super) fn push(&self, group: &Group) {
        let Some(end) = group.last().map(|last| last.record.offset + 1) else {
            return;
        };
        let mut followers = self.followers();
        self.end.send_replace(end);
        let read_at = Instant::now();
        for (_, sink) in &mut followers.sinks {
            sink(Batch {
                read_at,
                records: group.clone(),
            });
        }
    }

    fn followers(&self) -> MutexGuard<'_, Followers> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
