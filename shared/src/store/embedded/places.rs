//! Where some of the log's records stand in its file, so that nobody has to go through all of it.

use redb::{Database, ReadableDatabase, ReadableTable};

use super::journal::{self, Journal, Walk};
use super::rows::Fault;
use super::tables::{self, PLACES_EVERY};
use crate::domain::time::Timestamp;

/// Goes through the file from the last record whose place is known and that stands at or before this offset.
pub(super) fn walk(db: &Database, journal: &Journal, from: u64) -> Result<Walk, Fault> {
    let places = db.begin_read()?.open_table(tables::PLACES)?;
    let known = places.range(..=from)?.next_back().transpose()?;
    journal.walk(known.map_or(journal::FIRST, |(_, place)| place.value().0))
}

/// The last offset whose place is known and whose record is older than this, or the first one: halves the range of
/// places.
pub(super) fn before(db: &Database, at: Timestamp) -> Result<u64, Fault> {
    let places = db.begin_read()?.open_table(tables::PLACES)?;
    let last = places.last()?.map_or(0, |(last, _)| last.value());
    // Those before `low` are older than this, those from `high` on are not.
    let (mut low, mut high) = (0, last / PLACES_EVERY + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let place = places.get(middle * PLACES_EVERY)?;
        match place.is_some_and(|place| place.value().1 < at.ms()) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    Ok(low.saturating_sub(1) * PLACES_EVERY)
}
