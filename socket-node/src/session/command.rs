//! What a client can ask for: every frame, read once into a closed enum.

use std::sync::Arc;

use roomtone_shared::domain::message::{self, MessageId};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use roomtone_shared::rooms::view::PresenceWord;
use serde::Deserialize;

use super::fault::Fault;
use crate::frame::{self, Frame, Headers};
use crate::shard::subscription::Topic;

/// How a subscription's messages are acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckMode {
    /// By themselves.
    Auto,
    /// Each with all before it.
    Client,
    /// Each on its own.
    ClientIndividual,
}

/// A frame after CONNECT.
#[derive(Debug)]
pub(super) enum Command {
    Send { transaction: Option<String>, request: Result<Request> },
    Subscribe(Subscribe),
    Unsubscribe { id: String },
    Begin { transaction: String },
    Commit { transaction: String },
    Abort { transaction: String },
    Acknowledge(Acknowledge),
    Disconnect,
}

/// SUBSCRIBE.
#[derive(Debug)]
pub(super) struct Subscribe {
    pub(super) id: String,
    pub(super) destination: String,
    pub(super) topic: Topic,
    pub(super) ack: AckMode,
    pub(super) since: Option<MessageId>,
}

/// ACK and NACK, which come to the same: nothing is sent again.
#[derive(Debug)]
pub(super) struct Acknowledge {
    pub(super) subscription: Option<String>,
    pub(super) message: Option<MessageId>,
    pub(super) transaction: Option<String>,
}

/// What a SEND asks for.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Join { room: RoomId },
    Talk(Talk),
    Leave { room: RoomId, mark: Option<MessageId> },
    Exit { room: RoomId },
    Presence { room: RoomId, on: bool },
    Read { room: RoomId, mark: MessageId },
    Refresh { token: String },
}

/// A message to a room.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) room: RoomId,
    pub(super) content: Arc<str>,
    pub(super) client_message_id: Option<Arc<str>>,
    pub(super) headers: Vec<(Arc<str>, Arc<str>)>,
}

/// Reads a frame that came after CONNECT.
pub(super) fn read(frame: &Frame) -> Result<Command, Fault> {
    let headers = &frame.headers;
    let need = |name: &'static str| {
        let value = headers.get(name).filter(|v| !v.is_empty());
        value.map(str::to_owned).ok_or_else(|| Fault::missing_header(frame.command.as_str(), name))
    };
    Ok(match frame.command {
        frame::Command::Connect | frame::Command::Stomp => return Err(Fault::new("already connected", "a session has one CONNECT")),
        frame::Command::Send => {
            let destination = need("destination")?;
            let transaction = headers.get("transaction").map(str::to_owned);
            Command::Send { transaction, request: request(&destination, frame) }
        }
        frame::Command::Subscribe => Command::Subscribe(subscribe(need("id")?, need("destination")?, headers)?),
        frame::Command::Unsubscribe => Command::Unsubscribe { id: need("id")? },
        frame::Command::Begin => Command::Begin { transaction: need("transaction")? },
        frame::Command::Commit => Command::Commit { transaction: need("transaction")? },
        frame::Command::Abort => Command::Abort { transaction: need("transaction")? },
        frame::Command::Ack | frame::Command::Nack => Command::Acknowledge(acknowledge(frame)?),
        frame::Command::Disconnect => Command::Disconnect,
    })
}

fn subscribe(id: String, destination: String, headers: &Headers) -> Result<Subscribe, Fault> {
    let ack = match headers.get("ack") {
        None | Some("auto") => AckMode::Auto,
        Some("client") => AckMode::Client,
        Some("client-individual") => AckMode::ClientIndividual,
        Some(_) => return Err(Fault::new("unknown ack mode", "SUBSCRIBE's ack must be auto, client or client-individual")),
    };
    let topic = topic(&destination).ok_or_else(|| Fault::new("unknown destination", "SUBSCRIBE's destination is none of this server's"))?;
    let since = headers.get("since").map(|since| MessageId::parse("since", since)).transpose();
    let since = since.map_err(|_| Fault::new("malformed since", "SUBSCRIBE's since must be a message's id"))?;
    Ok(Subscribe { id, destination, topic, ack, since })
}

fn topic(destination: &str) -> Option<Topic> {
    let room = |text| RoomId::parse("destination", text).ok();
    if destination == "/user/queue/replies" {
        return Some(Topic::Replies);
    }
    let topic = destination.strip_prefix("/chat/topic/")?;
    match topic.split_once('/')? {
        ("room", id) => room(id).map(Topic::Chat),
        ("presence", id) => room(id).map(Topic::Presence),
        _ => None,
    }
}

/// 1.2 names what is acknowledged by the MESSAGE's `ack`, which is `message-id/subscription`; before, by
/// `message-id`, in 1.1 with `subscription`.
fn acknowledge(frame: &Frame) -> Result<Acknowledge, Fault> {
    let headers = &frame.headers;
    let transaction = headers.get("transaction").map(str::to_owned);
    let (message, subscription) = match (headers.get("id"), headers.get("message-id")) {
        (Some(id), _) => match id.split_once('/') {
            Some((message, subscription)) => (message, Some(subscription)),
            None => (id, None),
        },
        (None, Some(message)) => (message, headers.get("subscription")),
        (None, None) => return Err(Fault::missing_header(frame.command.as_str(), "id")),
    };
    let message = MessageId::parse("id", message).ok();
    Ok(Acknowledge { subscription: subscription.map(str::to_owned), message, transaction })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    room_id: Option<String>,
    content: Option<String>,
    client_message_id: Option<String>,
    last_read_message_id: Option<String>,
    presence: Option<String>,
    token: Option<String>,
}

impl Body {
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let body = serde_path_to_error::deserialize(&mut json).map_err(|why| match why.path().to_string().as_str() {
            "." => Error::Malformed(format!("the body is not a JSON object as it should be: {}", why.inner())),
            path => Error::Malformed(format!("{path}: {}", why.inner())),
        })?;
        json.end().map_err(|why| Error::Malformed(format!("the body is not JSON: {why}")))?;
        Ok(body)
    }

    fn room(&self) -> Result<RoomId> {
        RoomId::parse("roomId", needed("roomId", self.room_id.as_deref())?)
    }

    fn mark(&self) -> Result<Option<MessageId>> {
        let mark = self.last_read_message_id.as_deref();
        mark.map(|id| MessageId::parse("lastReadMessageId", id)).transpose()
    }
}

fn needed<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| Error::invalid(field, "is missing"))
}

fn request(destination: &str, frame: &Frame) -> Result<Request> {
    let body = || Body::read(&frame.body);
    Ok(match destination {
        "/chat/pub/join" => Request::Join { room: body()?.room()? },
        "/chat/pub/send" => Request::Talk(talk(&body()?, &frame.headers)?),
        "/chat/pub/leave" => {
            let body = body()?;
            Request::Leave { room: body.room()?, mark: body.mark()? }
        }
        "/chat/pub/exit" => Request::Exit { room: body()?.room()? },
        "/chat/pub/presence" => {
            let body = body()?;
            let on = match needed("presence", body.presence.as_deref())? {
                "on" => true,
                "off" => false,
                _ => return Err(Error::invalid("presence", "must be on or off")),
            };
            Request::Presence { room: body.room()?, on }
        }
        "/chat/pub/read" => {
            let body = body()?;
            let room = body.room()?;
            let mark = body.mark()?.ok_or_else(|| Error::invalid("lastReadMessageId", "is missing"))?;
            Request::Read { room, mark }
        }
        "/chat/pub/refresh" => Request::Refresh { token: needed("token", body()?.token.as_deref())?.to_owned() },
        _ => return Err(Error::NotFound("there is no such SEND destination".into())),
    })
}

fn talk(body: &Body, headers: &Headers) -> Result<Talk> {
    Ok(Talk {
        room: body.room()?,
        content: message::content(needed("content", body.content.as_deref())?)?,
        client_message_id: body.client_message_id.as_deref().map(message::client_message_id).transpose()?,
        headers: own_headers(headers)?,
    })
}

/// Headers that are not the client's own: the protocol's, the server's, and secrets.
const NOT_OWN: [&str; 11] = [
    "destination", "receipt", "transaction", "message-id", "subscription", "ack", "authorization", "login",
    "passcode", "traceparent", "tracestate",
];

fn own_headers(headers: &Headers) -> Result<Vec<(Arc<str>, Arc<str>)>> {
    let is_own = |name: &str| {
        let name = name.to_ascii_lowercase();
        !name.starts_with("content-") && !NOT_OWN.contains(&name.as_str())
    };
    let own: Vec<(Arc<str>, Arc<str>)> = headers.iter().filter(|(n, _)| is_own(n)).map(|(n, v)| (n.into(), v.into())).collect();
    let bytes: usize = own.iter().map(|(n, v)| n.len() + v.len()).sum();
    let max = limits::OWN_HEADERS_BYTES_MAX;
    if bytes > max {
        return Err(Error::invalid("headers", format!("a client's own headers may have {max} bytes together, not {bytes}")));
    }
    Ok(own)
}

/// The word for a switch.
pub(super) fn word(on: bool) -> PresenceWord {
    on.into()
}
