//! MESSAGE as octets: what all messages of a subscription share is written once. Knows its
//! headers, and neither rooms nor who reads it.

use bytes::BytesMut;

use super::encode::{put_body, put_content_length, put_header};
use super::escape::Escapes;
use super::version::Version;
use crate::ws::{Opcode, put_frame};

/// Room for the framing around the parts of a message whose length is known.
const FRAMING_BYTES: usize = 64;

/// What the MESSAGEs of one (version, subscription id, destination) have in common, encoded.
///
/// `content-type` is `application/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHead {
    escapes: Escapes,
    /// From the command to the name of the `message-id` header and its colon.
    octets: Box<[u8]>,
}

impl MessageHead {
    /// Encodes the shared part for clients of `version` that subscribed to `destination` under
    /// this id.
    pub fn new(version: Version, subscription: &str, destination: &str) -> Self {
        let escapes = Escapes::from(version);
        let mut octets = BytesMut::from(&b"MESSAGE"[..]);
        put_header(&mut octets, escapes, "subscription", subscription);
        put_header(&mut octets, escapes, "destination", destination);
        put_header(
            &mut octets,
            Escapes::None,
            "content-type",
            "application/json",
        );
        put_header(&mut octets, escapes, "message-id", "");
        Self {
            escapes,
            octets: octets[..].into(),
        }
    }

    /// Appends one WebSocket text message that holds the MESSAGE.
    ///
    /// `body` must be UTF-8, as all of a text message. `ack` is none for a subscription that
    /// acknowledges by itself. `client_headers` are the sender's own: those that the server sets
    /// itself are left out, and so are those that this version can't carry whole (with a NUL; a CR
    /// before 1.2; in 1.0 an LF, or a colon in the name), so that none can pass for another
    /// header, or end the frame.
    pub fn write_ws<'h>(
        &self,
        out: &mut BytesMut,
        message_id: &str,
        ack: Option<&str>,
        client_headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        out.reserve(self.octets.len() + message_id.len() + body.len() + FRAMING_BYTES);
        put_frame(out, Opcode::Text, |out| {
            self.write_stomp(out, message_id, ack, client_headers, body);
        });
    }

    /// Like [`write_ws`](Self::write_ws), the STOMP frame alone.
    pub fn write_stomp<'h>(
        &self,
        out: &mut BytesMut,
        message_id: &str,
        ack: Option<&str>,
        client_headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) {
        out.extend_from_slice(&self.octets);
        self.escapes.encode(message_id, out);
        if let Some(ack) = ack {
            put_header(out, self.escapes, "ack", ack);
        }
        put_content_length(out, body.len());
        for (name, value) in client_headers {
            if !is_servers_own(name) && self.escapes.carries(name, value) {
                put_header(out, self.escapes, name, value);
            }
        }
        put_body(out, body);
    }
}

/// Headers of MESSAGE that nobody else may set: a reader would follow them.
fn is_servers_own(name: &str) -> bool {
    const OWN: [&str; 4] = ["destination", "message-id", "subscription", "ack"];
    OWN.contains(&name) || name.starts_with("content-")
}
