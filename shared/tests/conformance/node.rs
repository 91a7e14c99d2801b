//! A socket node, as the stores see one: it says that it lives, what it holds, and in the end that it is gone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future;
use roomtone_shared::domain::event::{Event, Fact, NodeId, Partition};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::{Profile, Uid};
use roomtone_shared::limits;
use roomtone_shared::store::Stores;
use tokio::task::JoinHandle;

use crate::chat::all_recorded;
use crate::deadline;

/// A node, which lives until it is dropped.
pub(crate) struct Node {
    life: Arc<Life>,
    lease: JoinHandle<()>,
}

struct Life {
    id: NodeId,
    stores: Stores,
    held: Mutex<BTreeSet<(RoomId, Uid)>>,
}

impl Node {
    pub(crate) async fn start(stores: &Stores, id: u64) -> Self {
        Self::live(stores, NodeId(id), BTreeSet::new()).await
    }

    async fn live(stores: &Stores, id: NodeId, held: BTreeSet<(RoomId, Uid)>) -> Self {
        let (stores, held) = (stores.clone(), Mutex::new(held));
        let life = Arc::new(Life { id, stores, held });
        life.renew().await;
        let lease = tokio::spawn(life.clone().keep());
        Self { life, lease }
    }

    /// The same node, where the stores were opened again and it lived on.
    pub(crate) async fn lives_on(held: Held, stores: &Stores) -> Self {
        Self::live(stores, held.id, held.held).await
    }

    /// Ends its life as a crash does; gives what it held.
    pub(crate) fn cut_off(self) -> Held {
        let (id, held) = (self.life.id, self.life.held().clone());
        Held { id, held }
    }

    /// Says that it has a socket of the user in the room, or none any more.
    pub(crate) async fn hold(&self, room: RoomId, who: &Profile, held: bool) {
        let key = (room, who.uid.clone());
        match held {
            true => self.life.held().insert(key.clone()),
            false => self.life.held().remove(&key),
        };
        self.life.say(&key, held).await;
    }
}

/// What a node held that was cut off.
pub(crate) struct Held {
    id: NodeId,
    held: BTreeSet<(RoomId, Uid)>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.lease.abort();
    }
}

impl Life {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeSet<(RoomId, Uid)>> {
        self.held.lock().unwrap()
    }

    async fn keep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(Duration::from_millis(limits::LEASE_RENEWAL_MS)).await;
            self.renew().await;
        }
    }

    async fn renew(&self) {
        if self.stores.presence.renew(self.id).await.unwrap() {
            let held = self.held().clone();
            for key in &held {
                self.say(key, true).await;
            }
        }
    }

    /// First to the presence store and then to the log, as whoever reads both relies on.
    async fn say(&self, (room, uid): &(RoomId, Uid), held: bool) {
        let (node, presence) = (self.id, &self.stores.presence);
        presence.hold(node, *room, uid, held).await.unwrap();
        let uid = uid.clone();
        let event = Event::Held { node, uid, held };
        self.stores.log.append(*room, event).await.unwrap();
        all_recorded(&self.stores, *room).await;
    }
}

/// Tells every part of the log that a node is gone, and then the presence store.
pub(crate) async fn bury(stores: &Stores, id: u64) {
    let (log, node) = (&stores.log, NodeId(id));
    let parts = (0..log.partitions()).map(Partition);
    let telling: Vec<_> = parts
        .map(|part| log.append_to(part, Fact::NodeGone(node)))
        .collect();
    future::try_join_all(telling).await.unwrap();
    stores.presence.forget(node).await.unwrap();
}

/// Waits until these nodes, and none of the others that the log has heard of, are known to be lost.
pub(crate) async fn lost(stores: &Stores, ids: &[u64]) {
    let expected: BTreeSet<_> = ids.iter().copied().map(NodeId).collect();
    let found = Mutex::new(BTreeSet::new());
    let all = || async {
        // Whoever is told of a lost node is asked to see to it, and others may not be told for a while.
        let lost = stores.presence.lost().await.unwrap();
        let mut found = found.lock().unwrap();
        found.extend(lost);
        assert!(found.is_subset(&expected), "{found:?}");
        (*found == expected).then_some(())
    };
    deadline::until("the nodes to be lost", all).await;
}
