//! A STOMP client that does what clients do: connects, subscribes, sends with receipts, answers pings. What
//! comes in waits in its inbox until a test asks for it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::deadline::within;
use crate::frame::{Frame, Version};
use crate::inbox::Inbox;
use crate::socket::{CLOSE, Incoming, Opening, PONG, Reader, TEXT, Writer};
use crate::told;

/// Where the answers to one's own SENDs come.
pub const REPLIES: &str = "/user/queue/replies";

/// A connection after CONNECTED. Dropped, it is cut off without a goodbye.
#[derive(Debug)]
pub struct Client {
    version: Version,
    writer: Arc<Mutex<Writer>>,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
    receipts: AtomicU64,
    /// The rooms of the frames that asked for a receipt.
    rooms: std::sync::Mutex<HashMap<String, String>>,
    /// What the server said to CONNECT.
    pub connected: Frame,
}

/// What became of a frame that asked for a receipt.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was done.
    Receipt(Frame),
    /// It was refused, as told on the replies subscription.
    Refused(Value),
    /// It ended the connection.
    Error(Frame),
}

impl Client {
    /// Opens a WebSocket and sends this CONNECT; gives the ERROR where it is refused.
    ///
    /// # Errors
    /// The ERROR.
    ///
    /// # Panics
    /// Where the upgrade is refused.
    pub async fn open(
        address: SocketAddr,
        version: Version,
        connect: &Frame,
    ) -> Result<Self, Frame> {
        let socket = within("an upgrade", Opening::default().open(address))
            .await
            .expect("the upgrade is granted");
        let (writer, inbox) = (
            Arc::new(Mutex::new(socket.writer)),
            Arc::new(Inbox::default()),
        );
        let reader = tokio::spawn(read(socket.reader, writer.clone(), inbox.clone(), version));
        let receipts = AtomicU64::new(0);
        let mut client = Self {
            version,
            writer,
            inbox,
            reader,
            receipts,
            rooms: std::sync::Mutex::default(),
            connected: Frame::new("CONNECTED"),
        };
        client.put(connect).await;
        let answer = client
            .inbox
            .take("CONNECTED", |f| {
                matches!(f.command.as_str(), "CONNECTED" | "ERROR")
            })
            .await;
        if answer.command == "ERROR" {
            return Err(answer);
        }
        client.connected = answer;
        Ok(client)
    }

    /// Writes a frame, and waits for nothing. A connection that is gone takes it in silence, as a network does.
    pub async fn put(&self, frame: &Frame) {
        self.octets(&frame.encode(self.version)).await;
    }

    /// Writes octets as one text message.
    pub async fn octets(&self, bytes: &[u8]) {
        let _ = self.writer.lock().await.message(TEXT, bytes).await;
    }

    /// Writes a frame with a receipt of its own, and gives the receipt's id.
    pub async fn post(&self, frame: Frame) -> String {
        let receipt = format!("receipt-{}", self.receipts.fetch_add(1, Ordering::Relaxed));
        if let Some(room) = room_of(&frame) {
            let mut rooms = self.rooms.lock().expect("nobody panics with it");
            rooms.insert(receipt.clone(), room);
        }
        self.put(&frame.with("receipt", &receipt)).await;
        receipt
    }

    /// Waits for what became of the frame with this receipt.
    ///
    /// # Panics
    /// Where nothing did.
    pub async fn answer(&self, receipt: &str) -> Answer {
        let fits = |frame: &Frame| match frame.command.as_str() {
            "RECEIPT" => frame.get("receipt-id") == Some(receipt),
            "MESSAGE" => {
                is_reply(frame)
                    && frame.value()["type"] == "REFUSED"
                    && frame.value()["receipt"] == receipt
            }
            command => command == "ERROR",
        };
        let frame = self
            .inbox
            .take(&format!("the answer to {receipt}"), fits)
            .await;
        let room = self
            .rooms
            .lock()
            .expect("nobody panics with it")
            .remove(receipt);
        // A refusal has an id too, which is none of the room's.
        let id = frame
            .get("message-id")
            .filter(|_| frame.command == "RECEIPT");
        if let (Some(room), Some(id)) = (room, id) {
            told::note(&room, id);
        }
        match frame.command.as_str() {
            "RECEIPT" => Answer::Receipt(frame),
            "MESSAGE" => Answer::Refused(frame.value()),
            _ => Answer::Error(frame),
        }
    }

    /// Sends a frame that must be done, and gives its RECEIPT.
    ///
    /// # Panics
    /// Where it is not done.
    pub async fn done(&self, frame: Frame) -> Frame {
        let receipt = self.post(frame).await;
        match self.answer(&receipt).await {
            Answer::Receipt(frame) => frame,
            other => panic!("not done: {other:?}"),
        }
    }

    /// Sends a frame that must be refused with this status, and gives the refusal.
    ///
    /// # Panics
    /// Where it is not refused, or otherwise.
    pub async fn refused(&self, frame: Frame, status: u16) -> Value {
        let receipt = self.post(frame).await;
        match self.answer(&receipt).await {
            Answer::Refused(refusal) => {
                assert_eq!(refusal["status"], status, "{refusal}");
                assert!(
                    refusal["title"].is_string() && refusal["detail"].is_string(),
                    "{refusal}"
                );
                refusal
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Waits for a frame, takes it, and leaves all others where they are.
    ///
    /// # Panics
    /// Naming `what`, where none comes.
    pub async fn take(&self, what: &str, fits: impl Fn(&Frame) -> bool) -> Frame {
        self.inbox.take(what, fits).await
    }

    /// Takes what came already and fits.
    pub fn drain(&self, fits: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        self.inbox.drain(fits)
    }

    /// Subscribes, and waits until that is done.
    pub async fn subscribe(&self, id: &str, destination: &str) {
        self.done(subscribe(id, destination)).await;
    }

    /// Unsubscribes, and waits until that is done.
    pub async fn unsubscribe(&self, id: &str) {
        self.done(Frame::new("UNSUBSCRIBE").with("id", id)).await;
    }

    /// The next message of a subscription.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn next(&self, subscription: &str) -> Value {
        let fits = |frame: &Frame| frame.get("subscription") == Some(subscription);
        self.take(&format!("a message of {subscription}"), fits)
            .await
            .value()
    }

    /// The messages of a subscription up to the one with this id, that one included.
    ///
    /// # Panics
    /// Where it does not come.
    pub async fn until_id(&self, subscription: &str, id: &str) -> Vec<Value> {
        let mut messages = vec![];
        loop {
            let message = self.next(subscription).await;
            let last = message["id"] == id;
            messages.push(message);
            if last {
                return messages;
            }
        }
    }

    /// The next reply of this type.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn reply(&self, kind: &str) -> Value {
        let fits = |frame: &Frame| is_reply(frame) && frame.value()["type"] == kind;
        self.take(&format!("a reply {kind}"), fits).await.value()
    }

    /// The replies of this type that came already.
    pub fn replies(&self, kind: &str) -> Vec<Value> {
        let frames = self.drain(|frame| is_reply(frame) && frame.value()["type"] == kind);
        frames.iter().map(Frame::value).collect()
    }

    /// Sees that everything sent so far was taken in: a frame's RECEIPT comes after all before it.
    pub async fn settle(&self) {
        self.done(Frame::new("BEGIN").with("transaction", "settle"))
            .await;
        self.done(Frame::new("ABORT").with("transaction", "settle"))
            .await;
    }

    /// Waits for the server to end the connection, and gives the code of the close.
    pub async fn ended(&self) -> Option<u16> {
        self.inbox.ended().await
    }

    /// Waits for this many heart-beats, counted from the beginning.
    pub async fn beats(&self, count: usize) {
        self.inbox.beats(count).await;
    }

    /// Says goodbye as STOMP has it, and waits for the RECEIPT and the end.
    pub async fn disconnect(self) {
        self.done(Frame::new("DISCONNECT")).await;
        self.ended().await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// A SUBSCRIBE.
#[must_use]
pub fn subscribe(id: &str, destination: &str) -> Frame {
    Frame::new("SUBSCRIBE")
        .with("id", id)
        .with("destination", destination)
}

/// A SEND of a message.
#[must_use]
pub fn talk(room: &str, content: &str) -> Frame {
    Frame::send(
        "/chat/pub/send",
        &json!({"roomId": room, "content": content}),
    )
}

/// The room that a SEND is about.
fn room_of(frame: &Frame) -> Option<String> {
    let body: Value = serde_json::from_slice(&frame.body).ok()?;
    Some(body["roomId"].as_str()?.to_owned())
}

fn is_reply(frame: &Frame) -> bool {
    frame.command == "MESSAGE" && frame.get("destination") == Some(REPLIES)
}

async fn read(mut reader: Reader, writer: Arc<Mutex<Writer>>, inbox: Arc<Inbox>, version: Version) {
    let mut close = None;
    loop {
        match reader.read().await {
            Incoming::Data(bytes) => {
                let frame = Frame::decode(&bytes, version);
                frame.iter().for_each(told::note_message);
                inbox.push(frame);
            }
            Incoming::Ping(payload) => drop(writer.lock().await.message(PONG, &payload).await),
            Incoming::Pong => {}
            Incoming::Close(given, why) => {
                close = given.map(|code| (code, why));
                drop(
                    writer
                        .lock()
                        .await
                        .message(CLOSE, &given.map(u16::to_be_bytes).unwrap_or_default())
                        .await,
                );
            }
            Incoming::End => return inbox.end(close),
        }
    }
}
