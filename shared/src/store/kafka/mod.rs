//! The log on Apache Kafka: one topic, each room in one of its partitions.
//!
//! A record's value is its fact as JSON; its key is the room's id, for whoever looks with other tools. Which
//! partition a room is in is worked out here and said to the broker, for clients hash differently. Nothing here
//! knows what a record means.

use std::time::Duration;

mod appends;
mod client;
mod dead_letters;
mod follow;
mod group;
mod index_topic;
mod log;
mod offsets;
mod producer;
mod reading;
mod record;
mod survey;
mod topic;

pub(super) use appends::{Judging, RecordedVerdicts};
pub(super) use dead_letters::DeadLetters;
pub(super) use group::Group;
pub use index_topic::IndexTopic;
pub(super) use log::KafkaLog;
pub(super) use survey::{Found, survey};
pub use topic::TopicError;
pub(super) use topic::ensure_topics;

/// How long a broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(5);
/// Bytes of one record. A full transaction, its control characters as JSON writes them, comes to less than half.
const RECORD_BYTES_MAX: u32 = 4 << 20;

/// What is to be known of Kafka.
#[derive(Clone, Debug)]
pub(super) struct KafkaSettings {
    /// `KAFKA_BROKERS`: host and port of some brokers, divided by commas.
    pub(super) brokers: String,
    /// `ROOMTONE_KAFKA_TOPIC`: the topic that is the log.
    pub(super) topic: String,
    /// `ROOMTONE_KAFKA_PARTITIONS`: how many partitions it is made with.
    pub(super) partitions: u16,
    /// `ROOMTONE_KAFKA_REPLICATION`: how many brokers have a copy.
    pub(super) replication: u16,
    /// `ROOMTONE_KAFKA_MIN_INSYNC`: how many of these must have a record before it counts.
    pub(super) min_insync: u16,
    /// `ROOMTONE_KAFKA_APPEND_MS`: milliseconds after which a record that was not acknowledged is given up.
    pub(super) append_ms: u64,
}

#[cfg(test)]
mod tests;
