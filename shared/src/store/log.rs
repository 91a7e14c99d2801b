//! The log: the one order of everything that happens.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::sync::{oneshot, watch};

use crate::domain::event::{Fact, Record};
use crate::domain::judge::Verdict;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The record's place.
    pub offset: u64,
    /// The log's time.
    pub at: Timestamp,
    /// The verdict on each message of the record.
    pub verdicts: Vec<Verdict>,
    /// The id of the ENTER or EXIT that a membership's change became.
    pub notice: Option<MessageId>,
}

/// An append under way: resolves when the record is durable, or surely refused.
#[derive(Debug)]
pub struct Appending(oneshot::Receiver<Result<Appended>>);

impl Appending {
    /// What the other end will resolve.
    #[must_use]
    pub fn new(receiver: oneshot::Receiver<Result<Appended>>) -> Self {
        Self(receiver)
    }
}

impl Future for Appending {
    type Output = Result<Appended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let closed = |_| Err(Error::Unavailable("the log"));
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|got| got.unwrap_or_else(closed))
    }
}

/// The log. Every error is `Unavailable`.
#[async_trait]
pub trait Log: Send + Sync {
    /// How often the log was begun anew; part of every message's id.
    fn epoch(&self) -> u16;
    /// Puts a record into the log. Records get their places in the order of the calls to this, whether or
    /// not what it returns is awaited.
    fn append(&self, fact: Fact) -> Appending;
    /// The records from `from` on, at most `max`; none where the log ends before it.
    async fn read(&self, from: u64, max: usize) -> Result<Vec<Arc<Record>>>;
    /// The offset that the room's next record will have or pass.
    async fn end(&self, room: RoomId) -> Result<u64>;
    /// Follows the offset after the last durable record.
    fn follow(&self) -> watch::Receiver<u64>;
    /// The first offset whose record is not older than `at`.
    async fn first_since(&self, at: Timestamp) -> Result<u64>;
}
