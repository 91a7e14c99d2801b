//! Every store in one process and in one file on disk, on redb.
//!
//! One thread writes, in groups: what has come in while the last group was being made durable is the next
//! one. A record of the log is judged and recorded (history, presence, counts) in the transaction that
//! appends it, so history is always exactly the log. Readers never wait for the writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, DatabaseError};
use thiserror::Error;

use crate::domain::time::Timestamp;
use crate::store::Stores;

mod history;
mod log;
mod memberships;
mod presence;
mod record;
mod rooms;
mod rows;
mod sums;
mod tables;
mod writer;

/// Name of the file in the data folder.
pub const FILE: &str = "roomtone.redb";

/// Octets of the file kept in memory.
const CACHE_BYTES: usize = 128 << 20;

/// Why the file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error("cannot make the data folder {}: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// Another process has it.
    #[error("{} is in use by another process; stop that one, or choose another data folder", .0.display())]
    InUse(PathBuf),
    /// It cannot be read.
    #[error("cannot open {}: {why}; move it away to begin with an empty one", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the database says.
        why: String,
    },
}

/// Opens the stores in a folder, which is made where it is missing.
///
/// # Errors
/// Says what is wrong with the folder or the file.
pub fn open(folder: &Path) -> Result<Stores, OpenError> {
    std::fs::create_dir_all(folder).map_err(|why| OpenError::Folder {
        path: folder.into(),
        why,
    })?;
    let path = folder.join(FILE);
    let broken = |why: String| OpenError::Broken {
        path: path.clone(),
        why,
    };
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    let db = builder.create(&path).map_err(|why| match why {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(path.clone()),
        other => broken(other.to_string()),
    })?;
    let db = Arc::new(db);
    tables::create(&db, Timestamp::now()).map_err(|why| broken(why.to_string()))?;
    let epoch = tables::epoch(&db).map_err(|why| broken(why.to_string()))?;
    let (writer, tail) = writer::start(db.clone(), epoch).map_err(|why| broken(why.to_string()))?;
    Ok(Stores {
        rooms: Arc::new(rooms::EmbeddedRooms::new(db.clone(), writer.clone())),
        memberships: Arc::new(memberships::EmbeddedMemberships::new(
            db.clone(),
            writer.clone(),
        )),
        history: Arc::new(history::EmbeddedHistory::new(db.clone())),
        presence: Arc::new(presence::EmbeddedPresence::new(db.clone())),
        log: Arc::new(log::EmbeddedLog::new(db, writer, tail, epoch)),
    })
}

#[cfg(test)]
mod tests;
