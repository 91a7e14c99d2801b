//! The end of the log: how far it goes, and those who follow it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::domain::judge::Judged;

/// Groups of records that wait for whoever follows; beyond, the log waits for them.
const GROUPS_MAX: usize = 64;

/// A group of records, which was made durable at once.
type Group = Vec<Arc<Judged>>;

/// The end of the log.
pub(super) struct Tail {
    end: watch::Sender<u64>,
    followers: Mutex<Vec<mpsc::Sender<Group>>>,
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

    /// Follows the records: where they begin, and what gives each group that is pushed from now on.
    pub(super) fn follow(&self) -> (u64, mpsc::Receiver<Group>) {
        let (follower, groups) = mpsc::channel(GROUPS_MAX);
        let mut followers = self.followers();
        followers.push(follower);
        // The end does not change while the list is held.
        (self.end(), groups)
    }

    /// The next records, which are durable. Waits for followers that are far behind, so not to be called by a task.
    pub(super) fn push(&self, group: &Group) {
        let Some(end) = group.last().map(|last| last.record.offset + 1) else {
            return;
        };
        let followers = self.followers();
        self.end.send_replace(end);
        let all = followers.clone();
        // Whoever wants to follow from here on need not wait for those who are behind.
        drop(followers);
        let mut gone = false;
        for follower in &all {
            gone |= follower.blocking_send(group.clone()).is_err();
        }
        if gone {
            self.followers().retain(|follower| !follower.is_closed());
        }
    }

    fn followers(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Group>>> {
        self.followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
