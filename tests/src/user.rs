//! Somebody with a token: what they ask over HTTP, and the connections they open.

use std::net::SocketAddr;

use serde_json::Value;

use crate::client::{Client, REPLIES};
use crate::frame::{Frame, Version};
use crate::http::{Request, Response};
use crate::server::{Server, Sockets};

/// A user of one server.
#[derive(Clone, Debug)]
pub struct User {
    /// Where the server answers HTTP.
    pub address: SocketAddr,
    /// Where their sockets connect.
    pub sockets: Sockets,
    /// Their id.
    pub uid: String,
    /// Their nickname.
    pub nickname: String,
    /// What they show to say who they are.
    pub token: String,
}

impl User {
    /// The same user, before another run of the server.
    #[must_use]
    pub fn at(&self, server: &Server) -> Self {
        Self {
            address: server.address(),
            sockets: server.sockets().clone(),
            ..self.clone()
        }
    }

    /// Asks with a GET.
    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send(self.address).await
    }

    /// Asks with another method and a JSON body.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        self.request(method, path)
            .json(body)
            .send(self.address)
            .await
    }

    /// A request with the token.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).header("Authorization", &format!("Bearer {}", self.token))
    }

    /// Connects by STOMP 1.2, and subscribes to the replies.
    pub async fn connect(&self) -> Client {
        self.connect_by(Version::V1_2).await
    }

    /// Connects by this version, and subscribes to the replies.
    pub async fn connect_by(&self, version: Version) -> Client {
        let client = self.connect_bare(version).await;
        client.subscribe("replies", REPLIES).await;
        client
    }

    /// Connects and subscribes to nothing.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn connect_bare(&self, version: Version) -> Client {
        self.try_connect(version)
            .await
            .unwrap_or_else(|error| panic!("CONNECT was refused: {error:?}"))
    }

    /// Connects, or gives the ERROR.
    ///
    /// # Errors
    /// The ERROR.
    pub async fn try_connect(&self, version: Version) -> Result<Client, Frame> {
        self.try_connect_at(self.sockets.next(), version).await
    }

    /// Connects to this node by STOMP 1.2, and subscribes to the replies.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn connect_at(&self, node: SocketAddr) -> Client {
        let client = self.try_connect_at(node, Version::V1_2).await;
        let client = client.unwrap_or_else(|error| panic!("CONNECT was refused: {error:?}"));
        client.subscribe("replies", REPLIES).await;
        client
    }

    /// Connects with a `heart-beat` header, and subscribes to nothing.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn connect_beating(&self, version: Version, heart_beat: &str) -> Client {
        let connect = Frame::new("CONNECT")
            .with("accept-version", version.text())
            .with("heart-beat", heart_beat)
            .with("passcode", &self.token);
        Client::open(self.sockets.next(), version, &connect)
            .await
            .unwrap_or_else(|error| panic!("CONNECT was refused: {error:?}"))
    }

    async fn try_connect_at(&self, node: SocketAddr, version: Version) -> Result<Client, Frame> {
        let connect = Frame::new("CONNECT")
            .with("accept-version", version.text())
            .with("host", "localhost");
        let connect = connect.with("Authorization", &format!("Bearer {}", self.token));
        Client::open(node, version, &connect).await
    }
}
