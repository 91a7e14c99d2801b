//! The node's lease: it says that it lives, and tells the log of nodes that do no more.

use std::sync::Arc;
use std::time::Duration;

use roomtone_shared::domain::event::{Fact, NodeId, Partition};
use roomtone_shared::error::Result;
use roomtone_shared::limits;
use roomtone_shared::store::Stores;

use crate::node::Node;

/// Milliseconds that the last words of a node that stops may take.
const FAREWELL_MS: u64 = 3_000;

/// Renews the lease and looks after the others', for good.
pub(crate) async fn keep(node: Arc<Node>) {
    let mut every = tokio::time::interval(Duration::from_millis(limits::LEASE_RENEWAL_MS));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        // Without the presence store nobody is taken for gone.
        let Ok(unknown) = node.stores.presence.renew(node.id).await else {
            continue;
        };
        node.figures.leased_at_ms.set(node.now_ms());
        if node.holds.missed() || unknown {
            node.holds.tell_again(None);
        }
        if let Err(why) = bury_lost(&node.stores).await {
            tracing::warn!(%why, "nodes that are gone will be looked for again");
        }
    }
}

/// Tells the log of every node that is gone.
pub(crate) async fn bury_lost(stores: &Stores) -> Result<()> {
    for gone in stores.presence.lost().await? {
        bury(stores, gone).await?;
        tracing::info!(node = %gone, "a node is gone");
    }
    Ok(())
}

/// Gives the lease back: whoever this node held is out of every room.
pub(crate) async fn end(node: &Node) {
    let farewell = bury(&node.stores, node.id);
    let said = tokio::time::timeout(Duration::from_millis(FAREWELL_MS), farewell).await;
    if !matches!(said, Ok(Ok(()))) {
        tracing::warn!("the fleet will find by the lease that this node is gone");
    }
}

/// Tells every part of the log that a node is gone, and then the presence store.
async fn bury(stores: &Stores, gone: NodeId) -> Result<()> {
    let told: Vec<_> = (0..stores.log.partitions())
        .map(|partition| {
            stores
                .log
                .append_to(Partition(partition), Fact::NodeGone(gone))
        })
        .collect();
    for told in told {
        told.await?;
    }
    stores.presence.forget(gone).await
}
