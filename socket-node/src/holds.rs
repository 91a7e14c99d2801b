//! Which users have a socket of this node in which room, and what the fleet was told of it.
//!
//! Of one user in one room one thing is told at a time, first to the presence store and then to the log: who
//! reads the store and then follows the log misses nothing, for what the store did not have yet comes by the
//! log. What could not be told is told again, unless it is no longer so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roomtone_shared::domain::event::{Event, NodeId, Partition};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

/// Milliseconds before something that could not be told is told again.
const RETRY_MS: u64 = 500;
/// Users told of at once.
const TELLING_MAX: usize = 256;

type Key = (RoomId, Uid);

/// What is held, and what the log was told of it.
#[derive(Default)]
struct Hold {
    sockets: u32,
    told: bool,
    /// There while somebody is telling, which is mostly over.
    telling: Option<Box<Telling>>,
}

#[derive(Default)]
struct Telling {
    /// It has to be told again even if it is told.
    again: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Hold {
    fn is_held(&self) -> bool {
        self.sockets > 0
    }
}

/// Ends when what was to be told is told.
pub(crate) type Told = oneshot::Receiver<()>;

/// The node's holds. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Holds {
    node: NodeId,
    stores: Stores,
    runtime: Handle,
    held: Arc<Mutex<BTreeMap<Key, Hold>>>,
    at_once: Arc<Semaphore>,
    /// The presence store has missed something.
    missed: Arc<AtomicBool>,
}

impl Holds {
    /// Nothing held yet by this node.
    pub(crate) fn new(node: NodeId, stores: Stores, runtime: Handle) -> Self {
        Self {
            node,
            stores,
            runtime,
            held: Arc::default(),
            at_once: Arc::new(Semaphore::new(TELLING_MAX)),
            missed: Arc::default(),
        }
    }

    /// A socket of the user comes into the room. None where that is known already.
    pub(crate) fn enter(&self, room: RoomId, uid: &Uid) -> Option<Told> {
        let key = (room, uid.clone());
        let mut held = self.held();
        let hold = held.entry(key.clone()).or_default();
        hold.sockets += 1;
        self.tell(key, hold)
    }

    /// A socket of the user goes out of the room. None where others stay.
    pub(crate) fn leave(&self, room: RoomId, uid: &Uid) -> Option<Told> {
        let key = (room, uid.clone());
        let mut held = self.held();
        let hold = held.get_mut(&key)?;
        hold.sockets -= 1;
        self.tell(key, hold)
    }

    /// Tells all of it again, or what is in one part of the log: it was forgotten, or taken for gone.
    pub(crate) fn tell_again(&self, of: Option<Partition>) {
        let log = &self.stores.log;
        for (key, hold) in self.held().iter_mut() {
            if of.is_none_or(|partition| log.partition(key.0) == partition) {
                self.telling(key.clone(), hold).again = true;
            }
        }
    }

    /// Whether the presence store has missed something since this was last asked.
    pub(crate) fn missed(&self) -> bool {
        self.missed.swap(false, Ordering::Relaxed)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Key, Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, key: Key, hold: &mut Hold) -> Option<Told> {
        if hold.telling.is_none() && hold.told == hold.is_held() {
            return None;
        }
        let (sender, told) = oneshot::channel();
        self.telling(key, hold).waiting.push(sender);
        Some(told)
    }

    /// The telling that is going on, or begins.
    fn telling<'h>(&self, key: Key, hold: &'h mut Hold) -> &'h mut Telling {
        hold.telling.get_or_insert_with(|| {
            self.runtime.spawn(self.clone().tell_until_true(key));
            Box::default()
        })
    }

    /// Tells how it is until it is so.
    async fn tell_until_true(self, key: Key) {
        // The semaphore is never closed.
        let _one_of_a_few = self.at_once.acquire().await;
        loop {
            let now = {
                let mut held = self.held();
                let Some(hold) = held.get_mut(&key) else {
                    return;
                };
                if let Some(telling) = &mut hold.telling {
                    telling.again = false;
                }
                hold.is_held()
            };
            if !self.say(&key, now).await {
                tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
                continue;
            }
            let mut held = self.held();
            let Some(hold) = held.get_mut(&key) else {
                return;
            };
            hold.told = now;
            let again = hold.telling.as_ref().is_some_and(|telling| telling.again);
            if hold.is_held() != now || again {
                continue;
            }
            let waiting = hold.telling.take().map(|telling| telling.waiting);
            for told in waiting.into_iter().flatten() {
                // Whoever waited may be gone.
                let _ = told.send(());
            }
            if !now {
                held.remove(&key);
            }
            return;
        }
    }

    /// Says it once; false where the log did not take it.
    async fn say(&self, (room, uid): &Key, held: bool) -> bool {
        let noted = self.stores.presence.hold(self.node, *room, uid, held).await;
        if noted.is_err() {
            self.missed.store(true, Ordering::Relaxed);
        }
        let event = Event::Held {
            node: self.node,
            uid: uid.clone(),
            held,
        };
        self.stores.log.append(*room, event).await.is_ok()
    }
}
