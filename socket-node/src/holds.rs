//! Which users have a socket of this node in which room; the first in and the last out are told to the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roomtone_shared::domain::event::{Event, Fact, NodeId};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Log;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Milliseconds before something that could not be told is told again.
const RETRY_MS: u64 = 500;

type Key = (RoomId, Uid);

/// What is held, and what the log was told of it.
#[derive(Default)]
struct Hold {
    sockets: usize,
    told: bool,
}

/// The node's holds. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Holds {
    node: NodeId,
    log: Arc<dyn Log>,
    stores: Handle,
    held: Arc<Mutex<HashMap<Key, Hold>>>,
}

impl Holds {
    /// Nothing held yet by this node.
    pub(crate) fn new(node: NodeId, log: Arc<dyn Log>, stores: Handle) -> Self {
        Self {
            node,
            log,
            stores,
            held: Arc::default(),
        }
    }

    /// A socket of the user comes into the room. What it gives back ends when the log has it.
    pub(crate) fn enter(&self, room: RoomId, uid: &Uid) -> Option<JoinHandle<()>> {
        let key = (room, uid.clone());
        let mut held = self.held();
        held.entry(key.clone()).or_default().sockets += 1;
        self.tell(&mut held, key)
    }

    /// A socket of the user goes out of the room.
    pub(crate) fn leave(&self, room: RoomId, uid: &Uid) -> Option<JoinHandle<()>> {
        let key = (room, uid.clone());
        let mut held = self.held();
        held.get_mut(&key)?.sockets -= 1;
        self.tell(&mut held, key)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Key, Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the log where it does not know. The lock is held over the append, so that what is told of
    /// one user comes in the order it happened.
    fn tell(&self, held: &mut HashMap<Key, Hold>, key: Key) -> Option<JoinHandle<()>> {
        let hold = held.get_mut(&key)?;
        let now = hold.sockets > 0;
        if hold.told == now {
            return None;
        }
        hold.told = now;
        if !now {
            held.remove(&key);
        }
        let (room, uid) = key.clone();
        let event = Event::Held {
            node: self.node,
            uid,
            held: now,
        };
        let appending = self.log.append(Fact::In(room, event));
        let again = self.clone();
        Some(self.stores.spawn(async move {
            if appending.await.is_err() {
                again.retry(key, now).await;
            }
        }))
    }

    /// Tells again what the log did not take, unless it is no longer so.
    async fn retry(&self, key: Key, told: bool) {
        loop {
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
            let appending = {
                let held = self.held();
                let now = held.get(&key).is_some_and(|h| h.sockets > 0);
                if now != told {
                    return;
                }
                let (room, uid) = key.clone();
                self.log.append(Fact::In(
                    room,
                    Event::Held {
                        node: self.node,
                        uid,
                        held: now,
                    },
                ))
            };
            if appending.await.is_ok() {
                return;
            }
        }
    }
}
