//! The one thread that writes: jobs in groups, each group one durable transaction.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, ReadableDatabase};
use tokio::sync::{mpsc, oneshot, watch};

use super::record;
use super::rows::{self, Fault};
use super::sums::Sums;
use super::tables::{self, Tables};
use crate::domain::event::{Fact, Partition, Record};
use crate::domain::judge::Judge;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::limits;
use crate::store::{Appended, failed};

/// Jobs that wait for the writer; beyond, the store is busy and says so.
const QUEUE_MAX: usize = 16_384;
/// Jobs in one transaction.
const GROUP_MAX: usize = 1_024;
/// Records kept in memory for those who follow the log.
const TAIL_RECORDS: usize = 16_384;

/// Told when a job's transaction is durable.
type Committed = Box<dyn FnOnce() + Send>;
/// Work of one job in its group's transaction.
type Job = Box<dyn FnOnce(&mut Tables<'_>, &mut Scribe) -> Result<Committed, Fault> + Send>;

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Hands in work, in the order of the calls; what it gives back comes when it is durable.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables<'_>, &mut Scribe) -> Result<T, Fault> + Send + 'static,
    ) -> oneshot::Receiver<Result<T>> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |tables, scribe| {
            let done = work(tables, scribe)?;
            Ok(Box::new(move || drop(answer.send(Ok(done)))))
        });
        // Where the queue is full, or the writer gone, the answer's other end is dropped with the job.
        drop(self.jobs.try_send(job));
        receiver
    }

    /// Hands in work and waits for it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables<'_>, &mut Scribe) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        self.submit(work)
            .await
            .unwrap_or(Err(Error::Unavailable("the store")))
    }
}

/// The newest records, in memory, for those who follow the log.
pub(super) struct Tail {
    recent: Mutex<VecDeque<Arc<Record>>>,
    end: watch::Sender<u64>,
}

impl Tail {
    /// Follows the offset after the last durable record.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// The records from `from` on, where they are all still in memory.
    pub(super) fn read(&self, from: u64, max: usize) -> Option<Vec<Arc<Record>>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let first = recent.front()?.offset;
        let skip = usize::try_from(from.checked_sub(first)?).ok()?;
        Some(recent.iter().skip(skip).take(max).cloned().collect())
    }

    fn push(&self, records: Vec<Arc<Record>>) {
        let Some(last) = records.last().map(|r| r.offset) else {
            return;
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.extend(records);
        let over = recent.len().saturating_sub(TAIL_RECORDS);
        recent.drain(..over);
        drop(recent);
        self.end.send_replace(last + 1);
    }
}

/// What the writer knows of the log between transactions.
pub(super) struct Scribe {
    epoch: u16,
    judge: Judge,
    sums: Sums,
    next: u64,
    last_at: Timestamp,
    fresh: Vec<Arc<Record>>,
}

impl Scribe {
    /// Reads the end of the log, as far back as judging needs.
    fn open(db: &Database, epoch: u16) -> Result<Self, Fault> {
        let log = db.begin_read()?.open_table(tables::LOG)?;
        let mut scribe = Self {
            epoch,
            judge: Judge::new(epoch),
            sums: Sums::default(),
            next: 0,
            last_at: Timestamp::default(),
            fresh: vec![],
        };
        let mut recent = vec![];
        for row in log.range::<u64>(..)?.rev() {
            let record: Record = rows::read(row?.1.value())?;
            scribe.last_at = scribe.last_at.max(record.at);
            if record.at < scribe.last_at.minus_ms(limits::PRE_ROLL_MS) {
                break;
            }
            recent.push(Arc::new(record));
        }
        scribe.next = recent.first().map_or(0, |last| last.offset + 1);
        for record in recent.into_iter().rev() {
            scribe.judge.judge(record);
        }
        Ok(scribe)
    }

    /// Appends a record and records what it comes to.
    pub(super) fn append(
        &mut self,
        tables: &mut Tables<'_>,
        fact: Fact,
    ) -> Result<Appended, Fault> {
        let at = Timestamp::now().max(self.last_at);
        let record = Arc::new(Record {
            partition: Partition::default(),
            append: None,
            offset: self.next,
            at,
            fact,
        });
        rows::put(&mut tables.log, record.offset, &*record)?;
        let judged = self.judge.judge(record.clone());
        record::record(tables, &mut self.sums, &judged)?;
        (self.next, self.last_at) = (record.offset + 1, at);
        self.fresh.push(record.clone());
        let notice = judged.notice();
        Ok(Appended {
            offset: record.offset,
            at,
            verdicts: judged.verdicts,
            notice,
        })
    }
}

/// Starts the writer's thread, which ends when every [`Writer`] is dropped.
pub(super) fn start(db: Arc<Database>, epoch: u16) -> Result<(Writer, Arc<Tail>), Fault> {
    let scribe = Scribe::open(&db, epoch)?;
    let (jobs, queue) = mpsc::channel(QUEUE_MAX);
    let tail = Arc::new(Tail {
        recent: Mutex::default(),
        end: watch::Sender::new(scribe.next),
    });
    let thread_tail = tail.clone();
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || run(&db, queue, scribe, &thread_tail))
        .map_err(|why| Fault::Database(redb::Error::Io(why)))?;
    Ok((Writer { jobs }, tail))
}

fn run(db: &Database, mut queue: mpsc::Receiver<Job>, mut scribe: Scribe, tail: &Tail) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while queue.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
        // Whoever woke this thread has mostly more to say, and on a busy core would not get to it before the group is closed.
        std::thread::yield_now();
        while group.len() < GROUP_MAX
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        match write_group(db, group.drain(..), &mut scribe) {
            Ok(committed) => {
                tail.push(std::mem::take(&mut scribe.fresh));
                committed.into_iter().for_each(|told| told());
            }
            Err(why) => {
                // Nothing of the group is on disk; what was judged of it must be forgotten too.
                failed("the store", &why);
                match Scribe::open(db, scribe.epoch) {
                    Ok(again) => scribe = again,
                    Err(why) => {
                        failed("the store", &why);
                        return;
                    }
                }
            }
        }
    }
}

fn write_group(
    db: &Database,
    group: impl Iterator<Item = Job>,
    scribe: &mut Scribe,
) -> Result<Vec<Committed>, Fault> {
    let txn = db.begin_write()?;
    let mut committed = vec![];
    {
        let mut tables = Tables::open(&txn)?;
        for job in group {
            committed.push(job(&mut tables, scribe)?);
        }
        scribe.sums.write(&mut tables)?;
    }
    txn.commit()?;
    Ok(committed)
}

#[cfg(test)]
mod tests;
