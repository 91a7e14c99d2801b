//! A socket node: its start, and its end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use roomtone_shared::auth::Authenticator;
use roomtone_shared::domain::event::NodeId;
use roomtone_shared::error::Error;
use roomtone_shared::store::Stores;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::lease;
use crate::node::Node;
use crate::serve::serve;
use crate::settings::SocketSettings;
use crate::shard::{self, Arrival, ShardHandle, Unstarted};

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
    ) -> Result<Self, StartError> {
        Self::start_shards(settings, stores, auth, Unstarted::spawn).await
    }

    /// The same, with shards that are started like this.
    pub(crate) async fn start_shards(
        settings: SocketSettings,
        stores: Stores,
        auth: Authenticator,
        start: impl Fn(Unstarted) -> std::io::Result<()>,
    ) -> Result<Self, StartError> {
        let id = NodeId(uuid::Uuid::new_v4().as_u64_pair().0);
        // A fleet's presence store may be away for now; then nobody is taken for gone.
        if stores.presence.renew(id).await.is_ok() {
            lease::bury_lost(&stores).await?;
        }
        let (node, from) = Node::start(id, settings, stores, auth).await?;
        let shards: std::io::Result<Vec<_>> = (0..node.settings.shards)
            .map(|index| {
                let (handle, unstarted) = shard::new(node.clone(), index, &from);
                start(unstarted).map(|()| handle)
            })
            .collect();
        let shards = shards?.into();
        tokio::spawn(lease::keep(node.clone()));
        let marking = node.clone();
        tokio::spawn(async move { marking.marks.run(&marking.stores).await });
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
