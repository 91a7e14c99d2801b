//! A STOMP connection for any octets: it says what it is told to, and reads nothing it is not asked to.

use std::net::SocketAddr;

use crate::deadline::within;
use crate::frame::{Frame, Version};
use crate::server::Server;
use crate::socket::{BINARY, CLOSE, Incoming, Opening, PONG, Socket, TEXT};

/// A connection that does nothing by itself.
#[derive(Debug)]
pub struct Raw {
    /// The WebSocket under it.
    pub socket: Socket,
    /// The version that frames are read as.
    pub version: Version,
}

impl Raw {
    /// A WebSocket on which no STOMP was spoken yet.
    ///
    /// # Panics
    /// Where the upgrade is refused.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_as(address, &Opening::default()).await
    }

    /// The same, opened as told.
    ///
    /// # Panics
    /// Where the upgrade is refused.
    pub async fn open_as(address: SocketAddr, opening: &Opening<'_>) -> Self {
        let opened = within("an upgrade", opening.open(address)).await;
        Self {
            socket: opened.expect("the upgrade is granted"),
            version: Version::V1_2,
        }
    }

    /// The same as [`Raw::open`], or none where the server is gone.
    ///
    /// # Panics
    /// Where the upgrade is refused.
    pub async fn try_open(address: SocketAddr) -> Option<Self> {
        let opened = Opening::default().try_open(address).await.ok()?;
        let socket = opened.expect("the upgrade is granted");
        Some(Self {
            socket,
            version: Version::V1_2,
        })
    }

    /// A connection in `version`, of a new user.
    ///
    /// # Panics
    /// Where CONNECT is refused.
    pub async fn connected(server: &Server, version: Version) -> Self {
        let token = server.new_user().await.token;
        let mut raw = Self::open(server.address()).await;
        raw.version = version;
        raw.text(connect(version, &token)).await;
        let connected = raw.frame().await;
        assert_eq!(
            (
                connected.command.as_str(),
                connected.get("version").unwrap_or("1.0")
            ),
            ("CONNECTED", version.text())
        );
        raw
    }

    /// Sends octets as one text message.
    ///
    /// # Panics
    /// Where the connection is gone.
    pub async fn text(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket
            .writer
            .message(TEXT, bytes.as_ref())
            .await
            .expect("the message goes out");
    }

    /// Sends octets as one binary message.
    ///
    /// # Panics
    /// Where the connection is gone.
    pub async fn binary(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket
            .writer
            .message(BINARY, bytes.as_ref())
            .await
            .expect("the message goes out");
    }

    /// The next message that is not a ping, as octets. Pings are answered.
    ///
    /// # Panics
    /// Where the connection ends instead.
    pub async fn bytes(&mut self) -> Vec<u8> {
        match within("a message", self.incoming()).await {
            Incoming::Data(bytes) => bytes,
            other => panic!("no message but {other:?}"),
        }
    }

    /// The next frame; heart-beats are passed over.
    ///
    /// # Panics
    /// Where the connection ends instead.
    pub async fn frame(&mut self) -> Frame {
        loop {
            if let Some(frame) = Frame::decode(&self.bytes().await, self.version) {
                return frame;
            }
        }
    }

    /// The next frame with this command.
    ///
    /// # Panics
    /// Where an ERROR or the end comes instead.
    pub async fn command(&mut self, command: &str) -> Frame {
        loop {
            let frame = self.frame().await;
            if frame.command == command {
                return frame;
            }
            assert_ne!(frame.command, "ERROR", "{frame:?}");
        }
    }

    /// Sees that the server has taken in all that was sent, and is still there.
    ///
    /// # Panics
    /// Where it answers with an ERROR, or not at all.
    pub async fn lives(&mut self) {
        self.text(b"SUBSCRIBE\nid:lives\ndestination:/user/queue/replies\nreceipt:lives\n\n\0")
            .await;
        assert_eq!(
            self.command("RECEIPT").await.get("receipt-id"),
            Some("lives")
        );
    }

    /// Waits for the ERROR that must come, with a `message`, and for the end that must follow at once. Frames
    /// before it are passed over.
    ///
    /// # Panics
    /// Where it does not come, or anything comes after it.
    pub async fn error(&mut self) -> Frame {
        let error = loop {
            let frame = self.frame().await;
            if frame.command == "ERROR" {
                break frame;
            }
        };
        assert!(
            error
                .get("message")
                .is_some_and(|message| !message.is_empty()),
            "{error:?}"
        );
        self.closed().await;
        error
    }

    /// Waits for the end of the connection, with nothing before it, and gives the code of its close.
    ///
    /// # Panics
    /// Where it does not end, or something comes first.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match within("the end of the connection", self.incoming()).await {
                Incoming::End => return code,
                Incoming::Close(given, _) => {
                    code = given;
                    // The other side of the closing handshake; the server may be gone already.
                    let _ = self
                        .socket
                        .writer
                        .message(CLOSE, &given.map(u16::to_be_bytes).unwrap_or_default())
                        .await;
                }
                other => panic!("something after the end: {other:?}"),
            }
        }
    }

    async fn incoming(&mut self) -> Incoming {
        loop {
            match self.socket.reader.read().await {
                Incoming::Ping(payload) => {
                    let _ = self.socket.writer.message(PONG, &payload).await;
                }
                other => return other,
            }
        }
    }
}

/// A CONNECT as octets.
#[must_use]
pub fn connect(version: Version, token: &str) -> Vec<u8> {
    format!(
        "CONNECT\naccept-version:{}\nhost:localhost\npasscode:{token}\n\n\0",
        version.text()
    )
    .into_bytes()
}
