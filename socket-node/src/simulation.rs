//! A node in the hands of a test that decides when anything happens: shards that run among its own local tasks, and sockets
//! that it makes itself. Time is tokio's, and the log and the stores are its own.

use roomtone_shared::auth::Authenticator;
use roomtone_shared::store::Stores;

use crate::settings::SocketSettings;
use crate::shard::Arrival;
use crate::socket_node::{SocketNode, StartError};

impl SocketNode {
    /// Starts a node among the local tasks of the caller's.
    ///
    /// # Errors
    /// Where a store does not answer.
    pub async fn start_here(
        settings: SocketSettings,
        stores: Stores,
        auth: Authenticator,
    ) -> Result<Self, StartError> {
        Self::start_shards(settings, stores, auth, |shard| {
            tokio::task::spawn_local(shard.run());
            Ok(())
        })
        .await
    }

    /// Hands it a socket, as it is after an upgrade; false where it takes none.
    #[must_use]
    pub fn take(&self, stream: std::net::TcpStream) -> bool {
        self.is_ready()
            && self.hand(Arrival {
                stream,
                read: vec![],
                echo: false,
                counting: None,
            })
    }

    /// Has everybody come back elsewhere, as SIGTERM does; ends when they are gone or their time is up.
    pub async fn stop_here(&self) {
        self.stop().await;
    }
}
