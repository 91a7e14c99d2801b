//! What a topic looks like to whoever recorded it before: where it ends, and whether it is the same one.

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

/// Looks at each part, and at the record before its mark.
///
/// # Errors
/// `Unavailable`.
pub(in crate::store) async fn survey(
    settings: &KafkaSettings,
    marks: &[u64],
) -> Result<Vec<Found>> {
    let parts: Vec<Partition> = (0..).map(Partition).take(marks.len()).collect();
    let (asked, of) = (settings.clone(), parts.clone());
    let ask = move || {
        let ends = offsets::ends(&asked, &of)?;
        let beginnings = offsets::first_since(&asked, &of, Timestamp::from_ms(0))?;
        Ok::<_, rdkafka::error::KafkaError>(ends.into_iter().zip(beginnings).collect::<Vec<_>>())
    };
    let bounds = tokio::task::spawn_blocking(ask).await;
    let bounds = bounds.map_err(|why| failed("the log", &why))?;
    let bounds = bounds.map_err(|why| failed("the log", &why))?;
    let mut found: Vec<Found> = bounds
        .iter()
        .map(|(end, _)| Found {
            end: *end,
            at: None,
        })
        .collect();
    let mut wanted = vec![];
    for ((part, mark), (end, beginning)) in parts.into_iter().zip(marks).zip(&bounds) {
        let before = mark.checked_sub(1);
        wanted.extend(
            before
                .filter(|b| (*beginning..*end).contains(b))
                .map(|b| (part, b)),
        );
    }
    read(settings, &wanted, &mut found).await?;
    Ok(found)
}

/// Reads one record of each of these parts.
async fn read(
    settings: &KafkaSettings,
    wanted: &[(Partition, u64)],
    found: &mut [Found],
) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let mut records = reading::open(settings, wanted).map_err(|why| failed("the log", &why))?;
    let until = Instant::now() + READ;
    while wanted
        .iter()
        .any(|(part, _)| found[part.index()].at.is_none())
    {
        let batch = timeout_at(until, records.next()).await.ok().flatten();
        for record in batch.ok_or(Error::Unavailable("the log"))? {
            if let Some(found) = found.get_mut(record.partition.index()) {
                found.at.get_or_insert(record.at);
            }
        }
    }
    Ok(())
}
