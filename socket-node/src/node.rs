//! What the shards of a node share.

use std::future::Future;
use std::sync::Arc;

use roomtone_shared::auth::Authenticator;
use roomtone_shared::domain::event::NodeId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{Following, Stores};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::accounts::Accounts;
use crate::addresses::Addresses;
use crate::counts::Figures;
use crate::ends::Ends;
use crate::holds::Holds;
use crate::marks::Marks;
use crate::reader;
use crate::replay::Replays;
use crate::ring::Ring;
use crate::room_rates::RoomRates;
use crate::settings::SocketSettings;
use crate::watched::WatchedRooms;

/// What all shards of a node share.
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) settings: SocketSettings,
    pub(crate) stores: Stores,
    pub(crate) auth: Authenticator,
    pub(crate) ends: Ends,
    pub(crate) ring: Arc<Ring>,
    pub(crate) accounts: Accounts,
    pub(crate) addresses: Addresses,
    pub(crate) room_rates: RoomRates,
    pub(crate) holds: Holds,
    pub(crate) marks: Marks,
    pub(crate) watched: WatchedRooms,
    pub(crate) shutdown: watch::Sender<bool>,
    /// Whether the log can be read no more.
    pub(crate) cut_off: watch::Sender<bool>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) replays: Replays,
    runtime: Handle,
    started: Instant,
    /// The log is read for as long as the node is there.
    _following: Following,
}

impl Node {
    /// Reads the log from its end on, for as many shards as there are to be; gives where each part of it begins for them as well.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn start(
        id: NodeId,
        settings: SocketSettings,
        stores: Stores,
        auth: Authenticator,
    ) -> Result<(Arc<Self>, Vec<u64>)> {
        let runtime = Handle::current();
        let holds = Holds::new(id, stores.clone(), runtime.clone());
        let watched = WatchedRooms::new(stores.clone(), runtime.clone());
        let cut_off = watch::Sender::new(false);
        let presence = (holds.clone(), watched.clone());
        let (own, figures) = ((id, stores.clone()), Arc::<Figures>::default());
        let (following, ring, from) = reader::start(
            own,
            presence,
            settings.shards,
            cut_off.clone(),
            figures.clone(),
        )
        .await?;
        let node = Self {
            id,
            addresses: Addresses::new(&settings),
            room_rates: RoomRates::new(settings.room_send_rate),
            settings,
            ends: Ends::new(stores.log.clone(), runtime.clone()),
            holds,
            replays: Replays::start(stores.clone()),
            stores,
            auth,
            ring,
            accounts: Accounts::default(),
            marks: Marks::default(),
            watched,
            shutdown: watch::Sender::new(false),
            cut_off,
            figures,
            runtime,
            started: Instant::now(),
            _following: following,
        };
        Ok((Arc::new(node), from))
    }

    /// Does work on the stores' runtime, so that no shard waits for a store.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.runtime
            .spawn(work)
            .await
            .unwrap_or(Err(Error::Unavailable("the server")))
    }

    /// Milliseconds since the node started, by a clock that is never set.
    pub(crate) fn now_ms(&self) -> u64 {
        self.ms_at(Instant::now())
    }

    /// The same of another moment.
    pub(crate) fn ms_at(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.started);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
