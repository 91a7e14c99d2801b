//! The one thread that writes the tables: jobs in groups, each group one durable transaction.
//!
//! What the log has come to is recorded in the same transactions, and before the jobs of any: they find everything that
//! was in the log when they were handed in. Where there are no jobs it may wait for a while, as nothing rests on it.

use std::sync::Arc;
use std::time::Duration;

use redb::Database;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::record::{Recordable, record};
use super::rows::Fault;
use super::snapshot::Reader;
use super::tables::Tables;
use super::unrecorded::{News, Recorder};
use crate::error::{Error, Result};
use crate::store::failed;

/// Jobs that wait for the writer; beyond, the store is busy and says so.
const QUEUE_MAX: usize = 16_384;
/// Jobs in one transaction.
const GROUP_MAX: usize = 1_024;
/// How long records wait to be recorded together, unless a job comes.
const RECORD_EVERY: Duration = Duration::from_millis(500);

/// Told when a job's transaction is durable.
type Committed = Box<dyn FnOnce() + Send>;
/// Work of one job in its group's transaction.
type Job = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Committed, Fault> + Send>;

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Hands in work, in the order of the calls, and waits until it is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |tables| {
            let done = work(tables)?;
            Ok(Box::new(move || drop(answer.send(Ok(done)))))
        });
        // Where the queue is full, or the writer gone, the answer's other end is dropped with the job.
        drop(self.jobs.try_send(job));
        receiver
            .await
            .unwrap_or(Err(Error::Unavailable("the store")))
    }
}

/// What the thread works with.
struct Desk {
    db: Arc<Database>,
    reader: Reader,
    jobs: mpsc::Receiver<Job>,
    log: Recorder,
    /// Taken and not recorded yet, in the log's order.
    waiting: Vec<Recordable>,
    /// When what there is to record is recorded, if there is anything.
    due: Option<Instant>,
    started: Instant,
    recorded: watch::Sender<u64>,
}

/// Starts the thread, which ends when every [`Writer`] is dropped and nothing more can come from the log. Gives the way to
/// it, and the offset before which the log is recorded, which is `recorded` at first.
pub(super) fn start(
    db: Arc<Database>,
    reader: Reader,
    log: Recorder,
    recorded: u64,
) -> Result<(Writer, watch::Receiver<u64>), Fault> {
    let (jobs, queue) = mpsc::channel(QUEUE_MAX);
    let (told, follow) = watch::channel(recorded);
    let desk = Desk {
        db,
        reader,
        jobs: queue,
        log,
        waiting: vec![],
        due: None,
        started: Instant::now(),
        recorded: told,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || runtime.block_on(desk.run()))?;
    Ok((Writer { jobs }, follow))
}

impl Desk {
    async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        // Whether jobs, and records, can still come.
        let (mut jobs, mut log) = (true, true);
        while jobs || log {
            let due = self.due;
            tokio::select! {
                biased;
                taken = self.jobs.recv_many(&mut group, GROUP_MAX), if jobs => match taken {
                    0 => jobs = false,
                    _ => self.record_and(std::mem::take(&mut group)),
                },
                news = self.log.news(), if log => match news {
                    News::Some => self.due = due.or(Some(Instant::now() + RECORD_EVERY)),
                    News::Many => self.record_and(vec![]),
                    News::Ended => log = false,
                },
                () = sleep_until(due.unwrap_or(self.started)), if due.is_some() => self.record_and(vec![]),
            }
        }
        self.record_and(vec![]);
    }

    /// Records what came before jobs, and does them.
    fn record_and(&mut self, jobs: Vec<Job>) {
        self.due = None;
        // What could not be recorded before goes first, and alone: no more is taken while it cannot be.
        if !self.waiting.is_empty() && !self.commit(vec![]) {
            return;
        }
        self.waiting = self.log.take();
        if !(self.waiting.is_empty() && jobs.is_empty()) {
            self.commit(jobs);
        }
    }

    /// Writes a group with what waits; false where that fails: then the jobs are refused, and the records wait for the next
    /// group, or some time.
    fn commit(&mut self, group: Vec<Job>) -> bool {
        let written = self.write(group);
        self.reader.outdate();
        match written {
            Ok(committed) => {
                if let Some(last) = self.waiting.last() {
                    self.recorded.send_replace(last.record().offset + 1);
                }
                self.waiting.clear();
                committed.into_iter().for_each(|told| told());
                true
            }
            Err(why) => {
                failed("the store", &why);
                self.due = Some(Instant::now() + RECORD_EVERY);
                false
            }
        }
    }

    fn write(&self, group: Vec<Job>) -> Result<Vec<Committed>, Fault> {
        let txn = self.db.begin_write()?;
        let mut committed = vec![];
        {
            let mut tables = Tables::open(&txn)?;
            record(&mut tables, &self.waiting)?;
            for job in group {
                committed.push(job(&mut tables)?);
            }
        }
        txn.commit()?;
        Ok(committed)
    }
}
