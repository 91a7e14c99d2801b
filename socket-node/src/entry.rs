//! A record as shards take it: judged, and encoded once for all of them.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use roomtone_shared::domain::event::{Headers, Partition};
use roomtone_shared::domain::judge::{Judged, Shown};
use roomtone_shared::domain::message::{IdText, Message, MessageId};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::trace::TRACEPARENT;

/// Octets that most messages' JSON fits into.
const BODY_BYTES: usize = 512;

/// A message ready to be framed: its id as text and its body as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) id: MessageId,
    pub(crate) id_text: IdText,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Headers,
}

impl Post {
    /// Encodes a message.
    // A step of its own to tests/load/instructions.
    #[inline(never)]
    pub(crate) fn new(message: &Message, headers: Headers) -> Self {
        let mut body = Vec::with_capacity(BODY_BYTES);
        message.write_json(&mut body);
        Self {
            id: message.id,
            id_text: message.id.text(),
            body,
            headers,
        }
    }

    /// The client's own headers.
    pub(crate) fn own_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// One change of one member's presence, as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Flip {
    pub(crate) room: RoomId,
    pub(crate) id: MessageId,
    pub(crate) body: Bytes,
}

/// A judged record with what shards need of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place in the ring.
    pub(crate) place: u64,
    pub(crate) judged: Arc<Judged>,
    /// When it was read from the log.
    pub(crate) read_at: Instant,
    /// Changes of presence in rooms that somebody here watches.
    pub(crate) flips: Vec<Flip>,
    posts: OnceLock<Arc<[Post]>>,
}

impl Entry {
    pub(crate) fn new(
        place: u64,
        (judged, read_at): (Arc<Judged>, Instant),
        flips: Vec<Flip>,
    ) -> Arc<Self> {
        Arc::new(Self {
            place,
            judged,
            read_at,
            flips,
            posts: OnceLock::new(),
        })
    }

    pub(crate) fn partition(&self) -> Partition {
        self.judged.record.partition
    }

    /// Its offset in its part of the log.
    pub(crate) fn offset(&self) -> u64 {
        self.judged.record.offset
    }

    pub(crate) fn room(&self) -> Option<RoomId> {
        self.judged.record.fact.room()
    }

    /// Whether it shows messages.
    pub(crate) fn shows(&self) -> bool {
        !self.judged.shown.is_empty()
    }

    /// The messages it shows, encoded by the first shard that needs them.
    pub(crate) fn posts(&self) -> &[Post] {
        self.posts.get_or_init(|| encode(&self.judged))
    }
}

fn encode(judged: &Judged) -> Arc<[Post]> {
    let trace = judged.record.fact.trace();
    let post = |shown: &Shown| {
        let mut headers = shown.headers.clone();
        headers.extend(trace.map(|trace| (TRACEPARENT.into(), trace.to_string().into())));
        Post::new(&shown.message, headers)
    };
    judged.shown.iter().map(post).collect()
}

/// The messages that an entry shows, kept when all else of it is done with: encoded where somebody here needed them so, for
/// that is the least memory.
#[derive(Clone, Debug)]
pub(crate) struct Showing {
    pub(crate) room: RoomId,
    pub(crate) partition: Partition,
    pub(crate) offset: u64,
    messages: Messages,
}

#[derive(Clone, Debug)]
enum Messages {
    Encoded(Arc<[Post]>),
    Judged(Arc<Judged>),
}

impl Showing {
    /// What an entry shows; none where it shows nothing.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let room = entry.room().filter(|_| entry.shows())?;
        Some(Self {
            room,
            partition: entry.partition(),
            offset: entry.offset(),
            messages: match entry.posts.get() {
                Some(posts) => Messages::Encoded(posts.clone()),
                None => Messages::Judged(entry.judged.clone()),
            },
        })
    }

    /// The messages.
    pub(crate) fn posts(&self) -> Arc<[Post]> {
        match &self.messages {
            Messages::Encoded(posts) => posts.clone(),
            Messages::Judged(judged) => encode(judged),
        }
    }
}
