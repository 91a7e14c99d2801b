//! The sweeps of the local run: now and then, what operations left undone is done.

use std::time::Duration;

use roomtone_shared::rooms;
use roomtone_shared::search::Search;
use roomtone_shared::store::Stores;

/// Brings in events that were left pending, for good. A sweep that fails is followed by another.
pub(crate) async fn pending(stores: Stores, every: Duration) {
    loop {
        match rooms::sweep_pending(&stores).await {
            Ok(0) | Err(_) => {}
            Ok(found) => tracing::info!(found, "pending events are in the log now"),
        }
        tokio::time::sleep(every).await;
    }
}

/// Tells the search server of rooms that it has not acknowledged, for good.
pub(crate) async fn unindexed(stores: Stores, search: Search, every: Duration) {
    while search.is_on() {
        match rooms::sweep_unindexed(&stores, &search).await {
            Ok(0) | Err(_) => {}
            Ok(sent) => tracing::info!(sent, "rooms are indexed now"),
        }
        tokio::time::sleep(every).await;
    }
}
