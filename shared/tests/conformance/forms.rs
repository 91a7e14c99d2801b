//! The forms of the stores: for each, a place where one test's stores live.

mod embedded;
#[cfg(feature = "fleet")]
mod fleet;
#[cfg(feature = "fleet")]
mod leftovers;

use async_trait::async_trait;
use roomtone_shared::store::Stores;

pub(crate) use embedded::embedded;
#[cfg(feature = "fleet")]
pub(crate) use fleet::{fleet, fleet_node};

/// Where the stores of one test live: empty at first.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// Opens the stores. Opening again, when all that was open is dropped, finds what was kept.
    async fn open(&self) -> Stores;

    /// Removes all that was kept. Where a test fails it stays, to be looked at.
    async fn remove(&self) {}
}

#[async_trait]
impl<P: Place> Place for &P {
    async fn open(&self) -> Stores {
        (**self).open().await
    }
}
