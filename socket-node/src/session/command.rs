//! What a client can ask for: every frame, read once into a closed enum.

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;

use super::asked::Asked;
use super::fault::Fault;
use crate::frame::{self, Frame, Headers, Version};
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
    Send {
        transaction: Option<String>,
        asked: Asked,
    },
    Subscribe(Subscribe),
    Unsubscribe {
        id: String,
    },
    Begin {
        transaction: String,
    },
    Commit {
        transaction: String,
    },
    Abort {
        transaction: String,
    },
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

/// Reads a frame that came after CONNECT.
///
/// In 1.0 a subscription may go without an id; it is known by its destination then.
pub(super) fn read(frame: &Frame, version: Version) -> Result<Command, Fault> {
    let headers = &frame.headers;
    let lent = |name: &'static str| {
        let value = headers.get(name).filter(|v| !v.is_empty());
        value.ok_or_else(|| Fault::missing_header(frame.command.as_str(), name))
    };
    let need = |name| lent(name).map(str::to_owned);
    let id = || match version {
        Version::V1_0 => need("id").or_else(|_| need("destination")),
        Version::V1_1 | Version::V1_2 => need("id"),
    };
    Ok(match frame.command {
        frame::Command::Connect | frame::Command::Stomp => {
            return Err(Fault::new("already connected", "a session has one CONNECT"));
        }
        frame::Command::Send => {
            let transaction = headers.get("transaction").map(str::to_owned);
            Command::Send {
                transaction,
                asked: Asked::read(lent("destination")?, frame),
            }
        }
        frame::Command::Subscribe => {
            Command::Subscribe(subscribe(id()?, need("destination")?, headers)?)
        }
        frame::Command::Unsubscribe => Command::Unsubscribe { id: id()? },
        frame::Command::Begin => Command::Begin {
            transaction: need("transaction")?,
        },
        frame::Command::Commit => Command::Commit {
            transaction: need("transaction")?,
        },
        frame::Command::Abort => Command::Abort {
            transaction: need("transaction")?,
        },
        frame::Command::Ack | frame::Command::Nack => Command::Acknowledge(acknowledge(frame)?),
        frame::Command::Disconnect => Command::Disconnect,
    })
}

fn subscribe(id: String, destination: String, headers: &Headers) -> Result<Subscribe, Fault> {
    let ack = match headers.get("ack") {
        None | Some("auto") => AckMode::Auto,
        Some("client") => AckMode::Client,
        Some("client-individual") => AckMode::ClientIndividual,
        Some(_) => {
            return Err(Fault::new(
                "unknown ack mode",
                "SUBSCRIBE's ack must be auto, client or client-individual",
            ));
        }
    };
    let topic = topic(&destination).ok_or_else(|| {
        Fault::new(
            "unknown destination",
            "SUBSCRIBE's destination is none of this server's",
        )
    })?;
    let since = headers
        .get("since")
        .map(|since| MessageId::parse("since", since))
        .transpose();
    let since = since.map_err(|_| {
        Fault::new(
            "malformed since",
            "SUBSCRIBE's since must be a message's id",
        )
    })?;
    Ok(Subscribe {
        id,
        destination,
        topic,
        ack,
        since,
    })
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
    Ok(Acknowledge {
        subscription: subscription.map(str::to_owned),
        message,
        transaction,
    })
}
