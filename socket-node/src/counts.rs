//! What a shard has done and has, as operators are told it. One thread adds to it, and others may look.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use roomtone_shared::error::Error;

use crate::latency::Latency;

/// Why SENDs are refused, as their statuses say.
pub(crate) const REASONS: [&str; 9] = [
    "malformed",
    "unauthenticated",
    "forbidden",
    "not-found",
    "conflict",
    "too-large",
    "invalid",
    "too-fast",
    "unavailable",
];

fn reason(error: &Error) -> usize {
    match error {
        Error::Malformed(_) => 0,
        Error::Unauthenticated(_) => 1,
        Error::Forbidden(_) => 2,
        Error::NotFound(_) => 3,
        Error::Conflict(_) => 4,
        Error::TooLarge(_) => 5,
        Error::Invalid { .. } => 6,
        Error::TooFast { .. } => 7,
        Error::Unavailable(_) => 8,
    }
}

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

/// A number as it was at the last tick.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU64);

impl Level {
    pub(crate) fn set(&self, now: usize) {
        self.0.store(now as u64, Ordering::Relaxed);
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
    refused: [Count; REASONS.len()],
    /// Rooms that somebody listens to here.
    pub(crate) rooms: Level,
    /// Octets that sockets have not taken yet.
    pub(crate) backlog_bytes: Level,
    /// Sockets with such octets.
    pub(crate) backlogged: Level,
}

impl Counts {
    /// SENDs were refused.
    pub(crate) fn refused(&self, why: &Error, sends: usize) {
        self.refused[reason(why)].add(sends);
    }

    /// How many SENDs were refused for the reason at this place of [`REASONS`].
    pub(crate) fn refused_for(&self, reason: usize) -> u64 {
        self.refused[reason].get()
    }
}
