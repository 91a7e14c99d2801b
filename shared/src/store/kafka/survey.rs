//! What a topic looks like to whoever recorded it before: where it ends, and whether it is the same one.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{KafkaSettings, offsets, reading};
use crate::domain::event::Partition;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::failed;

/// How long records that are there may take to be read.
const READ: Duration = Duration::from_secs(10);

/// A part of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Found {
    /// The offset after its last record.
    pub(in crate::store) end: u64,
    /// The log's time of the record before the mark; none where there is no such record, or no more.
    pub(in crate::store) at: Option<Timestamp>,
}

/// Looks at each of these parts, and at the record before its mark.
///
/// # Errors
/// `Unavailable`.
pub(in crate::store) async fn survey(
    settings: &KafkaSettings,
    marks: &[(Partition, u64)],
) -> Result<Vec<Found>> {
    let parts: Vec<Partition> = marks.iter().map(|(partition, _)| *partition).collect();
    let asked = settings.clone();
    let ask = move || offsets::bounds(&asked, &parts);
    let bounds = tokio::task::spawn_blocking(ask).await;
    let bounds = bounds.map_err(|why| failed("the log", &why))?;
    let bounds = bounds.map_err(|why| failed("the log", &why))?;
    let mut wanted = vec![];
    for ((part, mark), (beginning, end)) in marks.iter().zip(&bounds) {
        let before = mark.checked_sub(1);
        wanted.extend(
            before
                .filter(|b| (*beginning..*end).contains(b))
                .map(|b| (*part, b)),
        );
    }
    let times = read(settings, &wanted).await?;
    let found = |((part, _), (_, end)): (&(Partition, u64), &(u64, u64))| Found {
        end: *end,
        at: times.get(part).copied(),
    };
    Ok(marks.iter().zip(&bounds).map(found).collect())
}

/// The log's times of these records.
async fn read(
    settings: &KafkaSettings,
    wanted: &[(Partition, u64)],
) -> Result<HashMap<Partition, Timestamp>> {
    let mut times = HashMap::new();
    if wanted.is_empty() {
        return Ok(times);
    }
    let mut records = reading::open(settings, wanted).map_err(|why| failed("the log", &why))?;
    let until = Instant::now() + READ;
    while times.len() < wanted.len() {
        let batch = timeout_at(until, records.next()).await.ok().flatten();
        for record in batch.ok_or(Error::Unavailable("the log"))? {
            times.entry(record.partition).or_insert(record.at);
        }
    }
    Ok(times)
}
