//! Every store in one process and in two files on disk: the log, which is appended to, and tables on redb.
//!
//! The log is the truth. `log_writer` appends records in groups, judges them and makes them durable; `writer` records what
//! they come to (history, presence, counts) a little later and many at once, beside the jobs of the other stores. Whoever
//! reads what comes of the log waits until all that is in it is recorded, so nobody sees the difference. Messages are kept
//! once, in the log: history is an index into it.

use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError};
use thiserror::Error;

use crate::store::Stores;

mod chunk;
mod history;
mod index;
mod journal;
mod log;
mod log_writer;
mod memberships;
mod open;
mod places;
mod presence;
mod recalled;
mod record;
mod rooms;
mod rows;
mod settled;
mod snapshot;
mod tables;
mod tail;
mod unrecorded;
mod writer;

/// Name of the tables' file in the data folder.
pub const FILE: &str = "roomtone.redb";
/// Name of the log's file beside it.
pub const LOG_FILE: &str = "roomtone.log";

/// Octets of the tables kept in memory by this process; the system keeps more of them.
const CACHE_BYTES: usize = 1 << 20;

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
    open::stores(db, folder.join(LOG_FILE)).map_err(|why| broken(why.to_string()))
}

#[cfg(test)]
mod tests;
