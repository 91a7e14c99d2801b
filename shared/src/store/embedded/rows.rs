//! Rows as JSON, and what can go wrong with the files.

use redb::{AccessGuard, Key, ReadableTable, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// What the file or a row in it is not up to.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// The database says no.
    #[error("{0}")]
    Database(#[from] redb::Error),
    /// The log's file cannot be read or written.
    #[error("the log: {0}")]
    Io(#[from] std::io::Error),
    /// What stands in the log's file, or in what points to it, cannot be.
    #[error("the log: {0}")]
    Journal(&'static str),
    /// A record of the log has another form.
    #[error("the log: a record cannot be read: {0}")]
    Unreadable(#[from] rmp_serde::decode::Error),
    /// A record of the log cannot be written.
    #[error("the log: a record cannot be written: {0}")]
    Unwritable(#[from] rmp_serde::encode::Error),
    /// A row has another form.
    #[error("a row cannot be read: {0}")]
    Row(#[from] serde_json::Error),
    /// The file is of another version of Roomtone.
    #[error("its layout is {found}, and this version knows {known} only")]
    Layout {
        /// What the file says.
        found: u64,
        /// What this version reads.
        known: u64,
    },
}

macro_rules! database_fault {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for Fault {
            fn from(why: redb::$error) -> Self {
                Self::Database(why.into())
            }
        }
    )*};
}
database_fault!(StorageError, TableError, TransactionError, CommitError);

/// Reads a row's bytes.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Reads a row that may be missing.
pub(super) fn read_found<T: DeserializeOwned>(
    found: Option<AccessGuard<'_, &'static [u8]>>,
) -> Result<Option<T>, Fault> {
    found.map(|row| read(row.value())).transpose()
}

/// The row under `key`.
pub(super) fn get<'k, K: Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'k>,
) -> Result<Option<T>, Fault> {
    read_found(table.get(key)?)
}

/// Writes the row under `key`.
pub(super) fn put<'k, K: Key + 'static>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: K::SelfType<'k>,
    row: &impl Serialize,
) -> Result<(), Fault> {
    table.insert(key, serde_json::to_vec(row)?.as_slice())?;
    Ok(())
}
