//! What a SEND asks for, read from its destination, headers and body.

use std::sync::Arc;

use roomtone_shared::domain::message::{self, MessageId};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::text::Text;
use roomtone_shared::domain::trace::{TRACEPARENT, TraceContext};
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use serde::Deserialize;

use crate::frame::{Frame, Headers};

/// What a SEND asks for, or why that cannot be, and the room it names so far as it can be read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) room: Option<RoomId>,
    pub(super) request: Result<Request>,
}

impl Asked {
    /// Reads a SEND.
    pub(super) fn read(destination: &str, frame: &Frame) -> Self {
        if !destination.starts_with("/chat/pub/") {
            let request = Err(unknown_destination());
            return Self {
                room: None,
                request,
            };
        }
        match Body::read(&frame.body) {
            Ok(body) => Self {
                room: body.room().ok(),
                request: request(destination, &body, &frame.headers),
            },
            Err(why) => Self {
                room: None,
                request: Err(why),
            },
        }
    }
}

/// What a SEND asks for.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Join {
        room: RoomId,
    },
    Talk(Talk),
    Leave {
        room: RoomId,
        mark: Option<MessageId>,
    },
    Exit {
        room: RoomId,
    },
    Presence {
        room: RoomId,
        on: bool,
    },
    Read {
        room: RoomId,
        mark: MessageId,
    },
    Refresh {
        token: String,
    },
}

/// A message to a room.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) room: RoomId,
    pub(super) content: Arc<str>,
    pub(super) client_message_id: Option<Arc<str>>,
    pub(super) headers: Vec<(Arc<str>, Arc<str>)>,
    /// Where the sender stands in a trace of their own that somebody looks at.
    pub(super) trace: Option<TraceContext>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body<'b> {
    #[serde(borrow)]
    room_id: Option<Text<'b>>,
    #[serde(borrow)]
    content: Option<Text<'b>>,
    #[serde(borrow)]
    client_message_id: Option<Text<'b>>,
    #[serde(borrow)]
    last_read_message_id: Option<Text<'b>>,
    #[serde(borrow)]
    presence: Option<Text<'b>>,
    #[serde(borrow)]
    token: Option<Text<'b>>,
}

impl<'b> Body<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self> {
        // An array of the values in their order would pass for an object otherwise.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Error::Malformed("the body is not a JSON object".into()));
        }
        serde_json::from_slice(bytes).or_else(|_| Self::read_by_path(bytes))
    }

    /// Reads it more slowly, to know in which field it goes wrong.
    fn read_by_path(bytes: &'b [u8]) -> Result<Self> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let body = serde_path_to_error::deserialize(&mut json).map_err(|why| {
            match why.path().to_string().as_str() {
                // What is not JSON has no path.
                "." | "?" => Error::Malformed(format!(
                    "the body is not a JSON object as it should be: {}",
                    why.inner()
                )),
                path => Error::Malformed(format!("{path}: {}", why.inner())),
            }
        })?;
        json.end()
            .map_err(|why| Error::Malformed(format!("the body is not JSON: {why}")))?;
        Ok(body)
    }

    fn room(&self) -> Result<RoomId> {
        RoomId::parse("roomId", needed("roomId", self.room_id.as_deref())?)
    }

    fn switch(&self) -> Result<bool> {
        match needed("presence", self.presence.as_deref())? {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(Error::invalid("presence", "must be on or off")),
        }
    }

    fn mark(&self) -> Result<Option<MessageId>> {
        let mark = self.last_read_message_id.as_deref();
        mark.map(|id| MessageId::parse("lastReadMessageId", id))
            .transpose()
    }
}

fn needed<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| Error::invalid(field, "is missing"))
}

fn request(destination: &str, body: &Body<'_>, headers: &Headers) -> Result<Request> {
    Ok(match destination {
        "/chat/pub/join" => Request::Join { room: body.room()? },
        "/chat/pub/send" => Request::Talk(talk(body, headers)?),
        "/chat/pub/leave" => Request::Leave {
            room: body.room()?,
            mark: body.mark()?,
        },
        "/chat/pub/exit" => Request::Exit { room: body.room()? },
        "/chat/pub/presence" => Request::Presence {
            room: body.room()?,
            on: body.switch()?,
        },
        "/chat/pub/read" => Request::Read {
            room: body.room()?,
            mark: body
                .mark()?
                .ok_or_else(|| Error::invalid("lastReadMessageId", "is missing"))?,
        },
        "/chat/pub/refresh" => Request::Refresh {
            token: needed("token", body.token.as_deref())?.to_owned(),
        },
        _ => return Err(unknown_destination()),
    })
}

fn unknown_destination() -> Error {
    Error::NotFound("there is no such SEND destination".into())
}

fn talk(body: &Body<'_>, headers: &Headers) -> Result<Talk> {
    Ok(Talk {
        room: body.room()?,
        content: message::content(needed("content", body.content.as_deref())?)?,
        client_message_id: body
            .client_message_id
            .as_deref()
            .map(message::client_message_id)
            .transpose()?,
        headers: own_headers(headers)?,
        trace: headers
            .get(TRACEPARENT)
            .and_then(TraceContext::parse)
            .filter(|trace| trace.sampled),
    })
}

/// Headers that are not the client's own: the protocol's, the server's, and secrets.
const NOT_OWN: [&str; 11] = [
    "destination",
    "receipt",
    "transaction",
    "message-id",
    "subscription",
    "ack",
    "authorization",
    "login",
    "passcode",
    TRACEPARENT,
    "tracestate",
];

fn own_headers(headers: &Headers) -> Result<Vec<(Arc<str>, Arc<str>)>> {
    let is_own = |name: &str| {
        let of_content = name.get(.."content-".len());
        !of_content.is_some_and(|of| of.eq_ignore_ascii_case("content-"))
            && !NOT_OWN.iter().any(|not| not.eq_ignore_ascii_case(name))
    };
    let own: Vec<(Arc<str>, Arc<str>)> = headers
        .iter()
        .filter(|(n, _)| is_own(n))
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    let bytes: usize = own.iter().map(|(n, v)| n.len() + v.len()).sum();
    let max = limits::OWN_HEADERS_BYTES_MAX;
    if bytes > max {
        return Err(Error::invalid(
            "headers",
            format!("a client's own headers may have {max} bytes together, not {bytes}"),
        ));
    }
    Ok(own)
}
