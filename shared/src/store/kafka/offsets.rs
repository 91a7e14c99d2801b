//! Questions for the brokers: where partitions begin and end, and which offset a time was at. All of this waits.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Plain;
use super::{ANSWER, KafkaSettings, record};
use crate::domain::event::Partition;
use crate::domain::time::Timestamp;

/// Somebody to ask the brokers, for all partitions in one request to each.
struct Asker<'a> {
    consumer: BaseConsumer<Plain>,
    topic: &'a str,
    partitions: &'a [Partition],
}

/// For each partition, the offset after its last record.
///
/// # Errors
/// Where one cannot be known now.
pub(super) fn ends(settings: &KafkaSettings, partitions: &[Partition]) -> KafkaResult<Vec<u64>> {
    Asker::new(settings, partitions)?.ends()
}

/// For each partition, the offset of its first record and the one after its last.
///
/// # Errors
/// Where one cannot be known now.
pub(super) fn bounds(
    settings: &KafkaSettings,
    partitions: &[Partition],
) -> KafkaResult<Vec<(u64, u64)>> {
    let ends = ends(settings, partitions)?;
    let ever: Vec<_> = partitions
        .iter()
        .map(|partition| (*partition, Timestamp::from_ms(0)))
        .collect();
    Ok(first_since(settings, &ever)?
        .into_iter()
        .zip(ends)
        .collect())
}

/// For each partition, the first offset whose record is not older than that, or its end.
///
/// # Errors
/// Where one cannot be known now.
pub(super) fn first_since(
    settings: &KafkaSettings,
    times: &[(Partition, Timestamp)],
) -> KafkaResult<Vec<u64>> {
    let partitions: Vec<Partition> = times.iter().map(|(partition, _)| *partition).collect();
    let asker = Asker::new(settings, &partitions)?;
    // The ends first: a record that comes between the two questions is not older, and is not missed.
    let ends = asker.ends()?;
    let at = |(_, at): &(_, Timestamp)| Offset::Offset(i64::try_from(at.ms()).unwrap_or(i64::MAX));
    let found = asker.ask(times.iter().map(at))?;
    let first = |(found, end)| match found {
        // Nothing is that young.
        Offset::End => Ok(end),
        found => record::offset(found.to_raw().unwrap_or(-1)),
    };
    found.into_iter().zip(ends).map(first).collect()
}

impl<'a> Asker<'a> {
    fn new(settings: &'a KafkaSettings, partitions: &'a [Partition]) -> KafkaResult<Self> {
        Ok(Self {
            consumer: settings.client().create_with_context(Plain)?,
            topic: &settings.topic,
            partitions,
        })
    }

    fn ends(&self) -> KafkaResult<Vec<u64>> {
        let ends = self.ask(self.partitions.iter().map(|_| Offset::End))?;
        let end = |end: Offset| record::offset(end.to_raw().unwrap_or(-1));
        ends.into_iter().map(end).collect()
    }

    /// What stands at a time of each, in milliseconds; "the end" is one too.
    fn ask(&self, at: impl Iterator<Item = Offset>) -> KafkaResult<Vec<Offset>> {
        let mut times = TopicPartitionList::new();
        for (partition, at) in self.partitions.iter().zip(at) {
            times.add_partition_offset(self.topic, record::number(*partition), at)?;
        }
        let found = self.consumer.offsets_for_times(times, ANSWER)?;
        let one = |partition: &Partition| {
            let number = record::number(*partition);
            let one = found.find_partition(self.topic, number);
            let one = one.ok_or_else(record::unknown)?;
            one.error()?;
            Ok(one.offset())
        };
        self.partitions.iter().map(one).collect()
    }
}
