//! A socket node: what its shards share, and its start and end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use roomtone_shared::auth::Authenticator;
use roomtone_shared::domain::event::NodeId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{Following, Stores};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::accounts::Accounts;
use crate::addresses::Addresses;
use crate::counts::Figures;
use crate::ends::Ends;
use crate::holds::Holds;
use crate::lease;
use crate::marks::Marks;
use crate::reader;
use crate::replay::Replays;
use crate::ring::Ring;
use crate::room_rates::RoomRates;
use crate::serve::serve;
use crate::settings::SocketSettings;
use crate::shard::{self, Arrival, ShardHandle, Unstarted};
use crate::watched::WatchedRooms;

/// Why a node did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A store does not answer.
    #[error("{0}")]
    Store(#[from] Error),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

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

/// A running node. Cheap to clone.
#[derive(Clone)]
pub struct SocketNode {
    pub(crate) node: Arc<Node>,
    pub(crate) shards: Arc<[ShardHandle]>,
}

impl SocketNode {
    /// Starts a node: tells the log of nodes that are gone, reads the end of the log,
    /// and starts the shards. Stores are asked on the runtime this is called on.
    ///
    /// # Errors
    /// Where a store does not answer, or a thread cannot be started.
    pub async fn start(
        settings: SocketSettings,
        stores: Stores,
        auth: Authenticator,
    ) -> std::result::Result<Self, StartError> {
        Self::start_shards(settings, stores, auth, Unstarted::spawn).await
    }

    /// The same, with shards that are started like this.
    pub(crate) async fn start_shards(
        settings: SocketSettings,
        stores: Stores,
        auth: Authenticator,
        start: impl Fn(Unstarted) -> std::io::Result<()>,
    ) -> std::result::Result<Self, StartError> {
        let id = NodeId(uuid::Uuid::new_v4().as_u64_pair().0);
        // A fleet's presence store may be away for now; then nobody is taken for gone.
        if stores.presence.renew(id).await.is_ok() {
            lease::bury_lost(&stores).await?;
        }
        let (shards, runtime) = (settings.shards, Handle::current());
        let holds = Holds::new(id, stores.clone(), runtime.clone());
        let watched = WatchedRooms::new(stores.clone(), runtime.clone());
        let cut_off = watch::Sender::new(false);
        let presence = (holds.clone(), watched.clone());
        let (own, figures) = ((id, stores.clone()), Arc::<Figures>::default());
        let (following, ring, from) =
            reader::start(own, presence, shards, cut_off.clone(), figures.clone()).await?;
        let node = Arc::new(Node {
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
            runtime: runtime.clone(),
            started: Instant::now(),
            _following: following,
        });
        let shards: std::io::Result<Vec<_>> = (0..shards)
            .map(|index| {
                let (handle, unstarted) = shard::new(node.clone(), index, &from);
                start(unstarted).map(|()| handle)
            })
            .collect();
        let shards = shards?.into();
        runtime.spawn(lease::keep(node.clone()));
        let marking = node.clone();
        runtime.spawn(async move { marking.marks.run(&marking.stores).await });
        Ok(Self { node, shards })
    }

    /// What others call it.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.node.id
    }

    /// How many sockets there are.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.shards
            .iter()
            .map(|s| s.counts.sockets.load(Ordering::Relaxed))
            .sum()
    }

    /// Serves [`routes`](crate::routes) and whatever else there is, until it is asked to stop or the log can be read no more, which
    /// gives true. It takes nobody from then on, has everybody come back elsewhere, and ends when they are gone or their time is up.
    pub async fn serve(
        &self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()>,
    ) -> bool {
        let mut cut_off = false;
        let asked = async {
            tokio::select! {
                () = shutdown => {}
                () = self.cut_off() => cut_off = true,
            }
        };
        let connections_max = self.node.settings.connections_max;
        serve(listener, connections_max, router, asked, self.stop()).await;
        cut_off
    }

    /// Ends when the log can be read no more; nothing reaches anybody by this node from then on.
    async fn cut_off(&self) {
        // The sender lives as long as the node.
        let _ = self.node.cut_off.subscribe().wait_for(|is| *is).await;
    }

    /// Ends when the node begins to stop.
    pub async fn stopping(&self) {
        let mut shutdown = self.node.shutdown.subscribe();
        // The sender lives as long as the node.
        let _ = shutdown.wait_for(|down| *down).await;
    }

    /// Whether it may be sent sockets: it runs, and is not about to stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !*self.node.shutdown.borrow() && !*self.node.cut_off.borrow()
    }

    /// Hands a socket to the shard that has the fewest; false where none takes it.
    pub(crate) fn hand(&self, arrival: Arrival) -> bool {
        let least = self
            .shards
            .iter()
            .min_by_key(|s| s.counts.sockets.load(Ordering::Relaxed));
        least.is_some_and(|shard| shard.hand(arrival))
    }

    /// Closes every session, and ends when they are gone and their marks are written, or their time is up.
    pub(crate) async fn stop(&self) {
        self.node.shutdown.send_replace(true);
        let up = Instant::now() + std::time::Duration::from_millis(self.node.settings.drain_ms);
        while self.sockets() > 0 && Instant::now() < up {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // A store that is away gets no longer than a session had.
        let limit = std::time::Duration::from_millis(self.node.settings.drain_ms);
        let writing = self.node.marks.write(&self.node.stores);
        if tokio::time::timeout(limit, writing).await.is_err() {
            tracing::warn!("some marks could not be written in time");
        }
        lease::end(&self.node).await;
    }
}
