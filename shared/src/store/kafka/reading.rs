//! Reading partitions from given offsets on, by a consumer of its own that belongs to no group.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::client::Plain;
use super::{KafkaSettings, record};
use crate::domain::event::{Partition, Record};
use crate::store::{Batch, Records};

/// Records handed on at once.
const BATCH_MAX: usize = 1_024;
/// Batches that wait to be taken.
const BATCHES_MAX: usize = 4;
/// Kilobytes that the library reads ahead.
const AHEAD_KBYTES: &str = "16384";
/// Milliseconds before a failed request for records is sent again.
const FETCH_RETRY_MS: &str = "50";
/// Milliseconds before the library looks again whether enough was taken for it to read on.
const FETCH_PAUSE_MS: &str = "5";
/// How long the reading thread waits for a record before it looks whether anybody still reads.
const POLL: Duration = Duration::from_millis(100);

/// Reads these partitions, each from its offset. The thread that does so ends with the stream.
///
/// # Errors
/// Where the consumer or the thread cannot be made.
pub(super) fn open(settings: &KafkaSettings, from: &[(Partition, u64)]) -> KafkaResult<Records> {
    let (batches, coming) = mpsc::channel(BATCHES_MAX);
    let wanted = batches.clone();
    each(
        settings,
        from,
        move || !wanted.is_closed(),
        move |batch| {
            // Where nobody reads any more, the thread ends next.
            let _ = batches.blocking_send(batch);
        },
    )?;
    let next = |mut coming: mpsc::Receiver<_>| async move {
        let batch = coming.recv().await?;
        Some((batch, coming))
    };
    Ok(stream::unfold(coming, next).boxed())
}

/// Reads these partitions, each from its offset, and gives what comes to `take`, for as long as `is_wanted`. The thread that
/// does so drops both in the end, and ends also where the log can be read no more.
///
/// # Errors
/// Where the consumer or the thread cannot be made.
pub(super) fn each(
    settings: &KafkaSettings,
    from: &[(Partition, u64)],
    is_wanted: impl Fn() -> bool + Send + 'static,
    mut take: impl FnMut(Batch<Record>) + Send + 'static,
) -> KafkaResult<()> {
    let consumer: BaseConsumer<Plain> = settings
        .client()
        // The library wants a name, and never uses it: nothing is subscribed to or committed.
        .set("group.id", "roomtone-reader")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that is not there is no reason to go on from another one.
        .set("auto.offset.reset", "error")
        .set("fetch.error.backoff.ms", FETCH_RETRY_MS)
        .set("fetch.queue.backoff.ms", FETCH_PAUSE_MS)
        .set("queued.max.messages.kbytes", AHEAD_KBYTES)
        .create_with_context(Plain)?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in from {
        let offset = i64::try_from(*offset).unwrap_or(i64::MAX);
        let number = record::number(*partition);
        list.add_partition_offset(&settings.topic, number, Offset::Offset(offset))?;
    }
    consumer.assign(&list)?;
    std::thread::Builder::new()
        .name("kafka-reader".into())
        .spawn(move || read(&consumer, &is_wanted, &mut take))
        .map_err(|why| KafkaError::ClientCreation(why.to_string()))?;
    Ok(())
}

fn read(
    consumer: &BaseConsumer<Plain>,
    is_wanted: &impl Fn() -> bool,
    take: &mut impl FnMut(Batch<Record>),
) {
    let (mut readable, mut away) = (true, false);
    while readable && is_wanted() {
        let (mut records, mut read_at) = (vec![], Instant::now());
        let mut wait = POLL;
        while records.len() < BATCH_MAX {
            match consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    if records.is_empty() {
                        read_at = Instant::now();
                    }
                    records.push(record::read(&message));
                    away = false;
                }
                Some(Err(why)) if is_final(&why) => {
                    tracing::error!(%why, "the log can be read no more: where this reader stands is no longer in the \
                         topic, or the topic is gone");
                    readable = false;
                    break;
                }
                // There are many of these until the brokers are back.
                Some(Err(why)) if !away => {
                    tracing::warn!(%why, "the log is not read for now");
                    away = true;
                }
                Some(Err(_)) => {}
            }
            // What is there already comes along; nothing more is waited for.
            wait = Duration::ZERO;
        }
        if !records.is_empty() {
            take(Batch { read_at, records });
        }
    }
}

/// Whether reading on could only begin somewhere else, or in another log.
fn is_final(why: &KafkaError) -> bool {
    let fatal = matches!(why, KafkaError::MessageConsumptionFatal(_));
    fatal
        || matches!(
            why.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::OffsetOutOfRange
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownTopicOrPartition
            )
        )
}
