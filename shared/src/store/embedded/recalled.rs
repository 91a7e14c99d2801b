//! Rows that were read and decoded already, for whoever asks for them again before they can change.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use ahash::AHashMap;

use super::rows::Fault;

/// Rows of one table that are kept; a room of 500 tracks takes 150 KiB, so that 128 of them take 20 MiB.
const ROWS_MAX: usize = 128;

/// Rows by what they are asked for.
pub(super) struct Recalled<K, T>(Mutex<AHashMap<K, T>>);

impl<K, T> Default for Recalled<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T: Clone> Recalled<K, T> {
    /// The row, from memory, or as `read` finds it. Beyond [`ROWS_MAX`], all are let go: who is asked for still is soon back.
    pub(super) fn get(
        &self,
        key: K,
        read: impl FnOnce(&K) -> Result<Option<T>, Fault>,
    ) -> Result<Option<T>, Fault> {
        let rows = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = rows().get(&key) {
            return Ok(Some(row.clone()));
        }
        let Some(row) = read(&key)? else {
            return Ok(None);
        };
        let mut rows = rows();
        if rows.len() >= ROWS_MAX {
            rows.clear();
        }
        rows.insert(key, row.clone());
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_once_and_one_that_is_not_there_each_time() {
        let (recalled, mut reads) = (Recalled::default(), 0);
        for _ in 0..2 {
            for (key, found) in [(1, Some("one")), (2, None)] {
                let read = |_: &i32| {
                    reads += 1;
                    Ok(found)
                };
                assert_eq!(recalled.get(key, read).unwrap(), found);
            }
        }
        assert_eq!(reads, 3);
    }

    #[test]
    fn no_more_rows_are_kept_than_may_be() {
        let recalled = Recalled::default();
        for key in 0..10 * ROWS_MAX {
            recalled.get(key, |key| Ok(Some(*key))).unwrap();
            assert!(recalled.0.lock().unwrap().len() <= ROWS_MAX);
        }
    }
}
