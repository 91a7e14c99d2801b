//! Opening: what is in the log and not recorded yet is recorded, and then the threads begin.

use std::path::PathBuf;
use std::sync::Arc;

use redb::Database;

use super::history::EmbeddedHistory;
use super::journal::Journal;
use super::log::EmbeddedLog;
use super::log_writer::{self, Scribe};
use super::memberships::EmbeddedMemberships;
use super::presence::EmbeddedPresence;
use super::record::{Recordable, record};
use super::rooms::EmbeddedRooms;
use super::rows::Fault;
use super::settled::Settled;
use super::snapshot::Reader;
use super::tables::{self, Tables};
use super::tail::Tail;
use super::unrecorded::unrecorded;
use super::writer;
use crate::store::Stores;

/// Records that are recorded in one transaction.
const BATCH_MAX: usize = 4_096;

/// The stores on these files.
pub(super) fn stores(db: Database, log_file: PathBuf) -> Result<Stores, Fault> {
    tables::create(&db)?;
    let epoch = tables::epoch(&db)?;
    let recorded = tables::recorded(&db)?;
    let (journal, file) = Journal::open(log_file, (recorded.place, recorded.through))?;
    let scribe = catch_up(&db, &journal, epoch, recorded.through)?;
    let db = Arc::new(db);
    let tail = Arc::new(Tail::new(scribe.next));
    let reader = Reader::new(db.clone());
    let (recorder, records) = unrecorded();
    let (writer, recorded) = writer::start(db.clone(), reader.clone(), records, scribe.next)?;
    let settled = Settled {
        tail: tail.clone(),
        recorded,
        writer: writer.clone(),
    };
    let log_writer = log_writer::start(log_writer::Desk {
        journal: journal.clone(),
        file,
        scribe,
        tail: tail.clone(),
        recorder,
        db: db.clone(),
        epoch,
    })?;
    Ok(Stores {
        rooms: Arc::new(EmbeddedRooms::new(
            reader.clone(),
            writer.clone(),
            settled.clone(),
        )),
        memberships: Arc::new(EmbeddedMemberships::new(
            reader.clone(),
            writer,
            settled.clone(),
        )),
        history: Arc::new(EmbeddedHistory::new(
            reader.clone(),
            journal.clone(),
            epoch,
            settled.clone(),
        )),
        presence: Arc::new(EmbeddedPresence::new(reader, settled)),
        log: Arc::new(EmbeddedLog {
            db,
            journal,
            writer: log_writer,
            tail,
            epoch,
        }),
    })
}

/// Records what a process that died had not recorded yet.
fn catch_up(db: &Database, journal: &Journal, epoch: u16, recorded: u64) -> Result<Scribe, Fault> {
    let mut batch = vec![];
    let scribe = Scribe::open(db, journal, epoch, |next| {
        if next.record().offset >= recorded {
            batch.push(next);
        }
        match batch.len() < BATCH_MAX {
            true => Ok(()),
            false => write(db, &mut batch),
        }
    })?;
    write(db, &mut batch)?;
    Ok(scribe)
}

fn write(db: &Database, batch: &mut Vec<Recordable>) -> Result<(), Fault> {
    if batch.is_empty() {
        return Ok(());
    }
    let txn = db.begin_write()?;
    record(&mut Tables::open(&txn)?, batch)?;
    txn.commit()?;
    batch.clear();
    Ok(())
}
