//! The log: the one order of everything that happens.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use tokio::sync::oneshot;

use crate::domain::event::{Event, Fact, Partition, Record};
use crate::domain::judge::{Judged, Verdict};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::limits;

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The record's place in its part of the log.
    pub offset: u64,
    /// The log's time.
    pub at: Timestamp,
    /// The verdict on each message of the record.
    pub verdicts: Vec<Verdict>,
    /// The id of the ENTER or EXIT that a membership's change became.
    pub notice: Option<MessageId>,
}

/// An append under way: resolves when the record is durable and judged, or surely refused.
#[derive(Debug)]
pub struct Appending(oneshot::Receiver<Result<Appended>>);

impl Appending {
    /// What the other end will resolve.
    #[must_use]
    pub fn new(receiver: oneshot::Receiver<Result<Appended>>) -> Self {
        Self(receiver)
    }

    /// One that was not even tried: its other end is gone.
    #[must_use]
    pub fn refused() -> Self {
        Self(oneshot::channel().1)
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

/// Records that were read together, judged or not.
#[derive(Debug)]
pub struct Batch<T> {
    /// When the first of them was read, by this machine's clock.
    pub read_at: Instant,
    /// They themselves, in their order.
    pub records: Vec<Arc<T>>,
}

impl<T> IntoIterator for Batch<T> {
    type Item = Arc<T>;
    type IntoIter = std::vec::IntoIter<Arc<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

/// Records as they come, some at a time: each part of the log in its order, the parts in any. It ends where
/// the log can never be read on.
pub type Records = BoxStream<'static, Batch<Record>>;

/// Takes judged records as they come, like [`Records`]. A thread of the log's calls it and waits for it; while it waits nothing
/// else comes, and the appends of this process may wait as well. It is dropped where the log can never be read on.
pub type Sink = Box<dyn FnMut(Batch<Judged>) + Send>;

/// Makes the sink; it is told at which offset each part of the log begins for it. Called before anything comes.
pub type Begin = Box<dyn FnOnce(Vec<u64>) -> Sink + Send>;

/// A log that is followed, until this is dropped: nothing is given to the sink from then on.
#[must_use]
pub struct Following(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Following {
    /// What is done to follow it no longer.
    pub fn new(end: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// The log: one order in each of its parts, and each room in one of these. Every error is `Unavailable`.
#[async_trait]
pub trait Log: Send + Sync {
    /// How often the log was begun anew; part of every message's id.
    fn epoch(&self) -> u16;
    /// How many parts it has; never another number in one epoch.
    fn partitions(&self) -> u16;
    /// Puts a record into a part of the log. Records of one part get their places in the order of the calls to
    /// this, whether or not what it returns is awaited.
    fn append_to(&self, partition: Partition, fact: Fact) -> Appending;
    /// The offset that the room's next record will have or pass.
    async fn end(&self, room: RoomId) -> Result<u64>;
    /// The same for each part of the log.
    async fn ends(&self) -> Result<Vec<u64>>;
    /// For each of these parts, the first offset whose record is not older than that.
    async fn first_since(&self, times: &[(Partition, Timestamp)]) -> Result<Vec<u64>>;
    /// For each of these parts, the log's time of the record before that offset; none where the log has none there, or
    /// no more.
    async fn times_before(&self, offsets: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>>;
    /// Follows these parts of the log, each from an offset of its own.
    async fn open(&self, from: &[(Partition, u64)]) -> Result<Records>;
    /// Follows every part of the log from its end as it is now. The verdicts are those of one that never stopped.
    async fn follow(&self, begin: Begin) -> Result<Following>;

    /// Tells appends of this process that wait for a verdict what its reader made of their records.
    fn judged(&self, _judged: &Judged) {}

    /// Puts a value that is no record of the log into another topic beside it, and waits until it is there. The embedded
    /// log has none beside it.
    async fn publish(&self, _topic: &str, _key: &str, _value: &[u8]) -> Result<()> {
        Err(Error::Unavailable("the topic"))
    }

    /// For each of these parts, where to begin to read so as to judge what is at that offset like one that never
    /// stopped. By the log's own time: this machine's clock may be another.
    async fn pre_roll(&self, offsets: &[(Partition, u64)]) -> Result<Vec<u64>> {
        let times = self.times_before(offsets).await?;
        let pre_roll = |((partition, _), at): (&(Partition, u64), &Option<Timestamp>)| {
            Some((*partition, (*at)?.minus_ms(limits::PRE_ROLL_MS)))
        };
        let since: Vec<_> = offsets.iter().zip(&times).filter_map(pre_roll).collect();
        let mut first = match since.is_empty() {
            true => vec![],
            false => self.first_since(&since).await?,
        }
        .into_iter();
        // Where nothing is left of what was before it, all that is there is younger.
        let begin = |((_, offset), at): (&(Partition, u64), &Option<Timestamp>)| match at {
            Some(_) => first.next().map_or(*offset, |first| first.min(*offset)),
            None => *offset,
        };
        Ok(offsets.iter().zip(&times).map(begin).collect())
    }

    /// The part of the log that a room is in.
    fn partition(&self, room: RoomId) -> Partition {
        room.partition(self.partitions())
    }

    /// Puts what happened in a room into the log.
    fn append(&self, room: RoomId, event: Event) -> Appending {
        self.append_to(self.partition(room), Fact::In(room, event))
    }
}
