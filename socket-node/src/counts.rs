//! What a node and each of its shards have done and have, as operators are told it. One thread adds to what is a shard's, and others
//! may look.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use roomtone_shared::error::{Error, KINDS};

use crate::latency::Latency;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number as it was when it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU64);

impl Level {
    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All that is told of a shard.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Sockets it has.
    pub(crate) sockets: AtomicUsize,
    /// How long its messages took.
    pub(crate) latency: Latency,
    /// Messages given to sockets, to each of them.
    pub(crate) deliveries: Count,
    /// Times that messages were not given to a socket, as its backlog was full.
    pub(crate) skips: Count,
    /// Holes that clients were told of.
    pub(crate) gaps: Count,
    /// Subscriptions that began at an id.
    pub(crate) resumes: Count,
    /// Sockets closed because they took nothing for too long.
    pub(crate) slow: Count,
    /// Sockets closed because they said nothing for too long.
    pub(crate) silent: Count,
    /// Sockets closed with an ERROR.
    pub(crate) errors: Count,
    refused: [Count; KINDS.len()],
    /// Rooms that somebody listens to here.
    pub(crate) rooms: Level,
    /// Octets that sockets have not taken yet.
    pub(crate) backlog_bytes: Level,
    /// Sockets with such octets.
    pub(crate) backlogged: Level,
}

impl Counts {
    /// A SEND was refused.
    pub(crate) fn refused(&self, why: &Error) {
        if let Some(count) = self.refusals(why.kind()) {
            count.add(1);
        }
    }

    /// How many SENDs were refused by errors of a kind.
    pub(crate) fn refusals(&self, kind: &str) -> Option<&Count> {
        let at = KINDS.iter().position(|known| *known == kind)?;
        self.refused.get(at)
    }
}

/// What is told of a node beside what is told of its shards.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Records of the log that could not be read.
    pub(crate) unreadable: Count,
    /// How old the newest record was when it was read.
    pub(crate) log_lag_ms: Level,
    /// When the lease was last renewed, since the node started.
    pub(crate) leased_at_ms: Level,
    /// Handshakes that were refused.
    pub(crate) refused: Count,
}
