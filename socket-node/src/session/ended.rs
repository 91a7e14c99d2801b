//! The word to a session's task that its wait for octets is over. One task waits, on one thread, so that no list of waiters is
//! kept for it.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

/// Said once, heard once, in whichever order.
#[derive(Default)]
pub(super) struct Ended {
    said: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Ended {
    /// Says it.
    pub(super) fn say(&self) {
        self.said.set(true);
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// Hears it.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.said.take() {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.borrow_mut();
        match &mut *waiting {
            Some(there) => there.clone_from(cx.waker()),
            None => *waiting = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
