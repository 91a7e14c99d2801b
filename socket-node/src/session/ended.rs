//! The word to a session's task that its wait for octets is over. One task waits, on one thread, so that no list of waiters is
//! kept for it.

use std::cell::Cell;
use std::task::{Context, Waker};

#[derive(Default)]
pub(super) struct Ended {
    waiting: Cell<Option<Waker>>,
}

impl Ended {
    /// Wakes the task, which looks whether its session is over.
    pub(super) fn say(&self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// Wakes this task with the word.
    pub(super) fn wait(&self, cx: &Context<'_>) {
        let mut waiting = self.waiting.take();
        match &mut waiting {
            Some(there) => there.clone_from(cx.waker()),
            None => waiting = Some(cx.waker().clone()),
        }
        self.waiting.set(waiting);
    }
}
