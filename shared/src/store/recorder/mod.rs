//! The recorder: what the log says, put where lists and history are read from.
//!
//! Every node is in one group, which divides the parts of the log among them; a part that a node gives up or dies
//! with goes to another. Whoever has a part reads on from where it is recorded, in this order:
//!
//! 1. what cannot be read is set aside;
//! 2. rows of messages, of counts and of verdicts; every one is a function of the log, so writing it again is
//!    harmless, and two who record the same part for a moment write the same;
//! 3. what each room comes to, which is up to where its history is shown: until then nobody sees a hole;
//! 4. rooms are live or not, and then memberships whose change is in the log are pending no more;
//! 5. how far all is recorded, and then the newest messages for Redis.
//!
//! Where a store does not answer the recorder waits, and what comes meanwhile stays in the log. It knows no
//! operation, and nothing rests on when it runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::JoinHandle;

use super::dynamodb::{Covered, Rows};
use super::kafka::{DeadLetters, Group, KafkaLog};
use super::mongodb::MongoRooms;
use super::redis::RecentWriter;
use crate::domain::event::Partition;
use crate::error::{Error, Result};
use crate::store::Memberships;

mod lag;
mod live;
mod part;
mod sheet;
mod sums;

pub use lag::RecorderLag;

/// How long to wait after a failure, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Calls to a store at once.
const CALLS_MAX: usize = 8;

/// What a recorder works with.
pub(super) struct Desk {
    pub(super) log: KafkaLog,
    pub(super) epoch: u16,
    pub(super) rows: Rows,
    pub(super) covered: Covered,
    pub(super) memberships: Arc<dyn Memberships>,
    pub(super) rooms: Arc<MongoRooms>,
    pub(super) recent: RecentWriter,
    pub(super) dead_letters: DeadLetters,
    pub(super) group: Group,
    pub(super) lag: Arc<RecorderLag>,
}

/// The recorder of this process. Dropped, it ends where it stands; another goes on from there.
pub(super) struct Recorder {
    pub(super) lag: Arc<RecorderLag>,
    _following: Task,
}

impl Recorder {
    /// Begins to record the parts that the group gives to this process.
    pub(super) fn start(desk: Desk) -> Self {
        let lag = desk.lag.clone();
        let following = Task::spawn(follow(Arc::new(desk)));
        Self {
            lag,
            _following: following,
        }
    }
}

/// A task that ends when this is dropped.
struct Task(JoinHandle<()>);

impl Task {
    fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Has one task for each part that is assigned.
async fn follow(desk: Arc<Desk>) {
    let mut assigned = desk.group.assigned();
    let mut tasks: BTreeMap<Partition, Task> = BTreeMap::new();
    loop {
        let wanted = assigned.borrow_and_update().clone();
        tasks.retain(|partition, _| wanted.contains(partition));
        for partition in wanted {
            let begin = || Task::spawn(record(desk.clone(), partition));
            tasks.entry(partition).or_insert_with(begin);
        }
        if assigned.changed().await.is_err() {
            return;
        }
    }
}

/// Records a part for good, beginning again wherever something fails.
async fn record(desk: Arc<Desk>, partition: Partition) {
    let mut pause = PAUSE.0;
    loop {
        let begun = tokio::time::Instant::now();
        let Err(why) = part::record(&desk, partition).await;
        tracing::warn!(partition = partition.0, %why, "recording begins again");
        if begun.elapsed() > PAUSE.1 {
            pause = PAUSE.0;
        }
        longer(&mut pause).await;
    }
}

/// Waits, and the next time twice as long.
async fn longer(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(PAUSE.1);
}

/// Makes calls to a store, some at once.
async fn all<T>(calls: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(calls)
        .buffer_unordered(CALLS_MAX)
        .try_collect()
        .await
}

/// The error of a log that cannot be read on.
fn unreadable() -> Error {
    Error::Unavailable("the log")
}
