//! The recorder's group: which partitions this process records, and how far it has.
//!
//! Membership alone comes from the group. Records are read from offsets of the recorder's own choice, so what
//! is assigned here is paused and never fetched.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;

use super::{KafkaSettings, client, record};
use crate::domain::event::Partition;

/// How long the group's thread waits before it looks whether anybody is still there.
const POLL: Duration = Duration::from_millis(100);
/// Milliseconds without a sign of life after which a member's partitions go to others.
const SESSION_MS: &str = "6000";
/// Milliseconds between signs of life.
const HEART_BEAT_MS: &str = "500";

/// The group as this process is in it. It is left when this is dropped.
pub(in crate::store) struct Group {
    assigned: watch::Receiver<BTreeSet<Partition>>,
    /// The thread alone keeps the consumer, for leaving the group waits.
    consumer: Weak<BaseConsumer<Context>>,
    topic: String,
    _stay: Arc<()>,
}

/// Takes note of what is assigned.
struct Context {
    assigned: watch::Sender<BTreeSet<Partition>>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, why: KafkaError, said: &str) {
        client::error(&why, said);
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.assigned.send_modify(|assigned| {
                for partition in partitions(list) {
                    assigned.remove(&partition);
                }
            });
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                if let Err(why) = consumer.pause(list) {
                    tracing::warn!(%why, "partitions of the recorder's group are fetched for nothing");
                }
                self.assigned
                    .send_modify(|assigned| assigned.extend(partitions(list)));
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(why) => tracing::warn!(%why, "the recorder's group"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(why) = result {
            tracing::debug!(%why, "the recorder's commit");
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    let elements = list.elements();
    elements
        .iter()
        .map(|e| record::place(e.partition()))
        .collect()
}

impl Group {
    /// Joins the group that records the topic.
    ///
    /// # Errors
    /// Where the consumer or its thread cannot be made.
    pub(in crate::store) fn join(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        let (sender, assigned) = watch::channel(BTreeSet::new());
        let consumer: BaseConsumer<Context> = settings
            .client()
            .set("group.id", format!("{}.recorder", settings.topic))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "latest")
            .set("session.timeout.ms", SESSION_MS)
            .set("heartbeat.interval.ms", HEART_BEAT_MS)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .create_with_context(Context { assigned: sender })?;
        consumer.subscribe(&[&settings.topic])?;
        let consumer = Arc::new(consumer);
        let stay = Arc::new(());
        let group = Self {
            assigned,
            consumer: Arc::downgrade(&consumer),
            topic: settings.topic.clone(),
            _stay: stay.clone(),
        };
        let run = move || {
            // Polling keeps the membership; it ends with the group.
            while Arc::strong_count(&stay) > 1 {
                if let Some(Err(why)) = consumer.poll(POLL) {
                    tracing::debug!(%why, "the recorder's group");
                }
            }
        };
        std::thread::Builder::new()
            .name("kafka-group".into())
            .spawn(run)
            .map_err(|why| KafkaError::ClientCreation(why.to_string()))?;
        Ok(group)
    }

    /// The partitions that this process is to record, followed.
    pub(in crate::store) fn assigned(&self) -> watch::Receiver<BTreeSet<Partition>> {
        self.assigned.clone()
    }

    /// Tells the group how far a partition is recorded. Nothing rests on it; whoever watches the group sees
    /// the recorder's lag.
    pub(in crate::store) fn commit(&self, partition: Partition, offset: u64) {
        let Some(consumer) = self.consumer.upgrade() else {
            return;
        };
        let offset = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        let mut list = TopicPartitionList::new();
        let number = record::number(partition);
        let committed = list
            .add_partition_offset(&self.topic, number, offset)
            .and_then(|()| consumer.commit(&list, CommitMode::Async));
        if let Err(why) = committed {
            tracing::debug!(%why, "the recorder's commit");
        }
    }
}
