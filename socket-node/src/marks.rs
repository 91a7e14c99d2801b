//! Marks of sockets that close: gathered per room and user, and written at a bounded pace.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;
use tokio::sync::Notify;

/// How long marks are gathered: first, and at most, where the store does not take them.
const GATHER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Marks that are written at once: where many sockets close, one after another would take longer than they have.
const AT_ONCE: usize = 16;

/// A mark of the membership that began with this join.
type Mark = (u64, MessageId);

/// Marks that wait to be written.
#[derive(Default)]
pub(crate) struct Marks {
    waiting: Mutex<BTreeMap<(RoomId, Uid), Mark>>,
    some: Notify,
    /// Held while marks are written, so that whoever writes the last knows that none is still on its way.
    writing: tokio::sync::Mutex<()>,
}

impl Marks {
    /// Notes how far a user's socket was read.
    pub(crate) fn note(&self, room: RoomId, uid: &Uid, sequence: u64, mark: MessageId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = waiting
            .entry((room, uid.clone()))
            .or_insert((sequence, mark));
        *newest = (*newest).max((sequence, mark));
        drop(waiting);
        self.some.notify_one();
    }

    /// How many wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = self.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Writes marks as they come, for good.
    pub(crate) async fn run(&self, stores: &Stores) {
        let mut pause = GATHER.0;
        loop {
            self.some.notified().await;
            pause = match self.write(stores).await {
                0 => GATHER.0,
                _ => (pause * 2).min(GATHER.1),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Writes what waits; what could not be written waits on, and is counted.
    pub(crate) async fn write(&self, stores: &Stores) -> usize {
        let failed = AtomicUsize::new(0);
        let _writing = self.writing.lock().await;
        let taken =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let written = stream::iter(taken).for_each_concurrent(
            AT_ONCE,
            async |((room, uid), (sequence, mark))| {
                let memberships = &stores.memberships;
                if memberships.mark(room, &uid, sequence, mark).await.is_err() {
                    failed.fetch_add(1, Ordering::Relaxed);
                    self.note(room, &uid, sequence, mark);
                }
            },
        );
        written.await;
        failed.into_inner()
    }
}
