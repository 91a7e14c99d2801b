//! The one thread that appends to the log: what has come in while the last group was being made durable is the next one.
//!
//! A record is judged as it is appended, and goes on to the recorder with its verdict. Who appended is told once the
//! record is durable.

use std::sync::Arc;

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::journal::{Journal, JournalWriter};
use super::places;
use super::record::Recordable;
use super::rows::Fault;
use super::tables;
use super::tail::Tail;
use super::unrecorded::Unrecorded;
use crate::domain::event::{Fact, Partition, Record};
use crate::domain::judge::Judge;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::limits;
use crate::store::{Appended, Appending, failed};

/// Appends that wait; beyond, the log is busy and says so.
const QUEUE_MAX: usize = 16_384;
/// Records in one group.
const GROUP_MAX: usize = 1_024;

/// Something to append, and whom to tell.
struct Append {
    fact: Fact,
    told: oneshot::Sender<Result<Appended>>,
}

/// The way to the log's writer. Cheap to clone.
#[derive(Clone)]
pub(super) struct LogWriter {
    queue: mpsc::Sender<Append>,
}

impl LogWriter {
    /// Hands in a record, in the order of the calls.
    pub(super) fn append(&self, fact: Fact) -> Appending {
        let (told, receiver) = oneshot::channel();
        // Where the queue is full, or the writer gone, the other end is dropped with it.
        drop(self.queue.try_send(Append { fact, told }));
        Appending::new(receiver)
    }
}

/// What the writer knows of the log between groups.
pub(super) struct Scribe {
    pub(super) judge: Judge,
    pub(super) next: u64,
    pub(super) last_at: Timestamp,
}

impl Scribe {
    /// Judges the end of the log, as far back as the verdicts on what comes next, and on what is not recorded, can turn on.
    pub(super) fn open(
        db: &Database,
        journal: &Journal,
        epoch: u16,
        mut each: impl FnMut(Recordable) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let mut scribe = Self {
            judge: Judge::new(epoch),
            next: 0,
            last_at: Timestamp::default(),
        };
        // The last record that is recorded, or the first that is there; without any there is nothing to judge.
        let known = journal.walk(tables::recorded(db)?.place)?.next()?;
        let Some(known) = known else {
            return Ok(scribe);
        };
        let since = known.record.at.minus_ms(limits::PRE_ROLL_MS);
        let mut walk = places::walk(db, journal, places::before(db, since)?)?;
        while let Some(next) = walk.next()? {
            each(scribe.judge(next.record, next.position))?;
        }
        Ok(scribe)
    }

    /// Puts a record that is there already before the judge.
    pub(super) fn judge(&mut self, record: Record, position: u64) -> Recordable {
        (self.next, self.last_at) = (record.offset + 1, self.last_at.max(record.at));
        Recordable {
            judged: Arc::new(self.judge.judge(Arc::new(record))),
            position,
        }
    }

    fn append(&mut self, fact: Fact, file: &mut JournalWriter) -> Result<Recordable, Fault> {
        let record = Record {
            partition: Partition::default(),
            append: None,
            offset: self.next,
            at: Timestamp::now().max(self.last_at),
            fact,
        };
        let position = file.put(&record)?;
        Ok(self.judge(record, position))
    }
}

/// Everything the thread works with.
pub(super) struct Desk {
    pub(super) journal: Journal,
    pub(super) file: JournalWriter,
    pub(super) scribe: Scribe,
    pub(super) tail: Arc<Tail>,
    pub(super) recorder: Unrecorded,
    pub(super) db: Arc<Database>,
    pub(super) epoch: u16,
}

/// Starts the thread, which ends when every [`LogWriter`] is dropped.
pub(super) fn start(desk: Desk) -> Result<LogWriter, Fault> {
    let (queue, appends) = mpsc::channel(QUEUE_MAX);
    std::thread::Builder::new()
        .name("log-writer".into())
        .spawn(move || desk.run(appends))?;
    Ok(LogWriter { queue })
}

/// However the thread ends, those who follow the log are told.
impl Drop for Desk {
    fn drop(&mut self) {
        self.tail.close();
    }
}

impl Desk {
    fn run(mut self, mut appends: mpsc::Receiver<Append>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while appends.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
            // Whoever woke this thread has mostly more to say, and on a busy core would not get to it before the group is
            // closed.
            std::thread::yield_now();
            while group.len() < GROUP_MAX
                && let Ok(append) = appends.try_recv()
            {
                group.push(append);
            }
            if let Err(why) = self.write(std::mem::take(&mut group)) {
                failed("the log", &why);
                // Nothing of the group is there, so what was judged of it must be forgotten too.
                match self.again() {
                    Ok(scribe) => self.scribe = scribe,
                    Err(why) => {
                        failed("the log", &why);
                        return;
                    }
                }
            }
        }
    }

    fn again(&mut self) -> Result<Scribe, Fault> {
        self.file.undo()?;
        Scribe::open(&self.db, &self.journal, self.epoch, |_| Ok(()))
    }

    fn write(&mut self, group: Vec<Append>) -> Result<(), Fault> {
        let mut records = Vec::with_capacity(group.len());
        let mut waiting = Vec::with_capacity(group.len());
        for Append { fact, told } in group {
            records.push(self.scribe.append(fact, &mut self.file)?);
            waiting.push(told);
        }
        self.file.commit()?;
        let appended: Vec<Appended> = records.iter().map(Recordable::appended).collect();
        let newest = records.iter().map(|r| r.judged.clone()).collect();
        // The recorder has it before anybody hears of it, so whoever asks after hearing is shown it. The recorder ends after
        // this thread, or with the process.
        let news = self.recorder.put(records);
        self.tail.push(&newest);
        for (told, appended) in waiting.into_iter().zip(appended) {
            drop(told.send(Ok(appended)));
        }
        // Last, for it may take the core from those who wait for the message.
        if news {
            self.recorder.tell();
        }
        Ok(())
    }
}
