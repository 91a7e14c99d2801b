//! Where the parts of the log end, asked once for all who want to know of the same part at the same time.
//!
//! Many come back at once where a node ended, and each of them would ask the broker otherwise.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Log;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Those who want to know of one part.
#[derive(Default)]
struct Asking {
    waiting: Vec<oneshot::Sender<Option<u64>>>,
    /// Whether the log is being asked for those before them.
    asked: bool,
}

/// All parts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ends {
    log: Arc<dyn Log>,
    runtime: Handle,
    parts: Arc<[Mutex<Asking>]>,
}

impl Ends {
    /// The log is asked on this runtime.
    pub(crate) fn new(log: Arc<dyn Log>, runtime: Handle) -> Self {
        let parts = (0..log.partitions()).map(|_| Mutex::default()).collect();
        Self {
            log,
            runtime,
            parts,
        }
    }

    /// The offset at which a room's part of the log ended at some time after the call; none where the log could not be asked.
    pub(crate) async fn of(&self, room: RoomId) -> Option<u64> {
        let (told, end) = oneshot::channel();
        let first = {
            let mut asking = self.asking(room)?;
            asking.waiting.push(told);
            !std::mem::replace(&mut asking.asked, true)
        };
        if first {
            self.runtime.spawn(self.clone().ask(room));
        }
        end.await.ok().flatten()
    }

    /// Asks for those who wait, until nobody does.
    async fn ask(self, room: RoomId) {
        let mut asker = Asker {
            ends: self,
            room,
            done: false,
        };
        let ends = asker.ends.clone();
        while let Some(waiting) = ends.next(room) {
            let end = ends.log.end(room).await.ok();
            for told in waiting {
                // Whoever asked may be gone.
                let _ = told.send(end);
            }
        }
        asker.done = true;
    }

    /// Those who wait; none where there is nobody, and the next who comes has the log asked.
    fn next(&self, room: RoomId) -> Option<Vec<oneshot::Sender<Option<u64>>>> {
        let mut asking = self.asking(room)?;
        let waiting = std::mem::take(&mut asking.waiting);
        asking.asked = !waiting.is_empty();
        asking.asked.then_some(waiting)
    }

    fn asking(&self, room: RoomId) -> Option<MutexGuard<'_, Asking>> {
        let part = self.parts.get(self.log.partition(room).index())?;
        Some(part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whoever asks the log. Where they end before they are done, nobody waits for them, and the next who comes has it asked again.
struct Asker {
    ends: Ends,
    room: RoomId,
    done: bool,
}

impl Drop for Asker {
    fn drop(&mut self) {
        if !self.done
            && let Some(mut asking) = self.ends.asking(self.room)
        {
            *asking = Asking::default();
        }
    }
}
