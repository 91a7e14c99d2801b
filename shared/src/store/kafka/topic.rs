//! The topics: made with the settings that Roomtone rests on, or checked for them.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataTopic;
use thiserror::Error;
use tokio::time::Instant;

use super::client::Plain;
use super::{ANSWER, KafkaSettings, RECORD_BYTES_MAX, dead_letters};
use crate::limits;

/// How long a topic that was just made may take until all of it is there.
const THERE: Duration = Duration::from_secs(15);
/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why a topic cannot be used.
#[derive(Debug, Error)]
pub enum TopicError {
    /// Kafka does not answer, or refuses.
    #[error("Kafka at {brokers}: {why}")]
    Kafka {
        /// Where it is.
        brokers: String,
        /// What it says.
        why: String,
    },
    /// A setting of the topic is another one.
    #[error("the topic {topic} has {name}={found}, and must have {wanted}")]
    Setting {
        /// The topic.
        topic: String,
        /// The setting's name.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// It has another number of partitions than it was first made with.
    #[error(
        "the topic {topic} has {found} partitions, and rooms were put into {wanted}: a room's messages would be in two"
    )]
    Partitions {
        /// The topic.
        topic: String,
        /// How many there are.
        found: u16,
        /// How many there must be.
        wanted: u16,
    },
    /// Its copies are fewer than is asked for.
    #[error(
        "the topic {topic} has {found} copies of partition {partition}, and must have {wanted}"
    )]
    Copies {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: u16,
    },
}

/// What a setting must be.
enum Must {
    Be(&'static str),
    BeAtLeast(u64),
    BeWithin(u16, u16),
}

/// Makes the topics that are missing: the log, what of it cannot be read, and where there is one the topic of new rooms, which
/// others read; and sees that the log is as it must be. Gives its partitions. Any number of processes may do this at once.
///
/// # Errors
/// Says which topic, which setting, what it is and what it must be.
pub(in crate::store) async fn ensure_topics(
    settings: &KafkaSettings,
    index: Option<&str>,
) -> Result<u16, TopicError> {
    let topics = Topics::new(settings)?;
    let partitions = ensure_log(settings, &topics).await?;
    // What is there stays until somebody takes it away.
    let (letters, bytes) = (dead_letters::topic(settings), RECORD_BYTES_MAX.to_string());
    let letters = topics
        .new_topic(&letters, 1)
        .set("retention.ms", "-1")
        .set("max.message.bytes", &bytes);
    topics.find_or_make(&letters).await?;
    if let Some(index) = index {
        // How it is kept is the business of whoever reads it.
        topics.find_or_make(&topics.new_topic(index, 1)).await?;
    }
    Ok(partitions)
}

async fn ensure_log(settings: &KafkaSettings, topics: &Topics<'_>) -> Result<u16, TopicError> {
    let min_insync = settings.min_insync.to_string();
    judge(
        &settings.topic,
        "min.insync.replicas",
        &Must::BeWithin(1, settings.replication),
        &min_insync,
    )?;
    let retention = limits::LOG_RETENTION_MS.to_string();
    let bytes = RECORD_BYTES_MAX.to_string();
    let wanted = topics
        .new_topic(&settings.topic, settings.partitions)
        .set("message.timestamp.type", "LogAppendTime")
        .set("cleanup.policy", "delete")
        .set("retention.ms", &retention)
        .set("retention.bytes", "-1")
        .set("max.message.bytes", &bytes)
        .set("min.insync.replicas", &min_insync)
        .set("unclean.leader.election.enable", "false");
    let found = topics.find_or_make(&wanted).await?;
    for (name, must) in musts(settings) {
        let found = found.get(name).and_then(|entry| entry.value.as_deref());
        judge(&settings.topic, name, &must, found.unwrap_or_default())?;
    }
    topics.count().await
}

fn musts(settings: &KafkaSettings) -> [(&'static str, Must); 7] {
    let insync = Must::BeWithin(settings.min_insync, settings.replication);
    [
        ("message.timestamp.type", Must::Be("LogAppendTime")),
        ("cleanup.policy", Must::Be("delete")),
        ("retention.ms", Must::BeAtLeast(limits::LOG_RETENTION_MS)),
        // By size, a burst would push out what must be kept for its time.
        ("retention.bytes", Must::Be("-1")),
        (
            "max.message.bytes",
            Must::BeAtLeast(RECORD_BYTES_MAX.into()),
        ),
        ("min.insync.replicas", insync),
        ("unclean.leader.election.enable", Must::Be("false")),
    ]
}

/// Topics, asked for and made.
struct Topics<'a> {
    settings: &'a KafkaSettings,
    admin: Arc<AdminClient<Plain>>,
    options: AdminOptions,
}

impl<'a> Topics<'a> {
    fn new(settings: &'a KafkaSettings) -> Result<Self, TopicError> {
        let admin = settings.client().create_with_context(Plain);
        let admin = admin.map_err(|why| failed(settings, why))?;
        Ok(Self {
            settings,
            admin: Arc::new(admin),
            options: AdminOptions::new()
                .request_timeout(Some(ANSWER))
                .operation_timeout(Some(ANSWER)),
        })
    }

    fn new_topic<'t>(&self, name: &'t str, partitions: u16) -> NewTopic<'t> {
        let copies = TopicReplication::Fixed(self.settings.replication.into());
        NewTopic::new(name, partitions.into(), copies)
    }

    /// The settings of a topic, which is made where it is missing.
    async fn find_or_make(&self, topic: &NewTopic<'_>) -> Result<ConfigResource, TopicError> {
        let until = Instant::now() + THERE;
        loop {
            if let Some(found) = self.find(topic.name).await? {
                return Ok(found);
            }
            self.make(topic).await?;
            if Instant::now() >= until {
                return Err(self.late(topic.name));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn find(&self, topic: &str) -> Result<Option<ConfigResource>, TopicError> {
        let topic = ResourceSpecifier::Topic(topic);
        let described = self.admin.describe_configs([&topic], &self.options).await;
        let described = described.map_err(|why| failed(self.settings, why))?;
        match described.into_iter().next() {
            // The library gives a topic that is not there as one that has no settings.
            Some(Ok(found)) => Ok(Some(found).filter(|found| !found.entries.is_empty())),
            None | Some(Err(RDKafkaErrorCode::UnknownTopicOrPartition)) => Ok(None),
            Some(Err(why)) => Err(failed(self.settings, why)),
        }
    }

    async fn make(&self, topic: &NewTopic<'_>) -> Result<(), TopicError> {
        let made = self.admin.create_topics([topic], &self.options).await;
        for made in made.map_err(|why| failed(self.settings, why))? {
            match made {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, why)) => {
                    let (parts, copies) = (topic.num_partitions, self.settings.replication);
                    let why = format!(
                        "cannot make the topic {name} with {parts} partitions and {copies} copies: {why}"
                    );
                    return Err(failed(self.settings, why));
                }
            }
        }
        Ok(())
    }

    /// How many partitions the log's topic has, each with as many copies as it must have, and with a leader.
    async fn count(&self) -> Result<u16, TopicError> {
        let until = Instant::now() + THERE;
        loop {
            let (admin, name) = (self.admin.clone(), self.settings.topic.clone());
            let look = move || {
                let metadata = admin.inner().fetch_metadata(Some(&name), ANSWER)?;
                let topic = metadata.topics().first();
                Ok::<_, rdkafka::error::KafkaError>(topic.map(Copies::of))
            };
            let looked = tokio::task::spawn_blocking(look).await;
            let looked = looked.map_err(|why| failed(self.settings, why))?;
            let copies = looked.map_err(|why| failed(self.settings, why))?;
            match copies {
                Some(copies) if copies.led => return copies.count(self.settings),
                _ if Instant::now() >= until => return Err(self.late(&self.settings.topic)),
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    fn late(&self, topic: &str) -> TopicError {
        let why = format!(
            "the topic {topic} is not all there after {} s",
            THERE.as_secs()
        );
        failed(self.settings, why)
    }
}

/// How many copies there are of each partition.
struct Copies {
    each: Vec<(i32, usize)>,
    /// Whether every partition can be written to.
    led: bool,
}

impl Copies {
    fn of(topic: &MetadataTopic) -> Self {
        let partitions = topic.partitions();
        Self {
            each: partitions
                .iter()
                .map(|partition| (partition.id(), partition.replicas().len()))
                .collect(),
            led: !partitions.is_empty() && partitions.iter().all(|p| p.leader() >= 0),
        }
    }

    fn count(&self, settings: &KafkaSettings) -> Result<u16, TopicError> {
        let wanted = settings.replication;
        let few = |(_, copies): &&(i32, usize)| *copies < usize::from(wanted);
        match self.each.iter().find(few) {
            Some((partition, found)) => Err(TopicError::Copies {
                topic: settings.topic.clone(),
                partition: *partition,
                found: *found,
                wanted,
            }),
            None => Ok(u16::try_from(self.each.len()).unwrap_or(u16::MAX)),
        }
    }
}

fn failed(settings: &KafkaSettings, why: impl ToString) -> TopicError {
    TopicError::Kafka {
        brokers: settings.brokers.clone(),
        why: why.to_string(),
    }
}

fn judge(topic: &str, name: &'static str, must: &Must, found: &str) -> Result<(), TopicError> {
    let (fits, wanted) = match must {
        Must::Be(wanted) => (found == *wanted, (*wanted).to_owned()),
        Must::BeAtLeast(least) => {
            // Kafka writes "without end" as -1.
            let fits = found == "-1" || found.parse::<u64>().is_ok_and(|found| found >= *least);
            (fits, format!("at least {least}"))
        }
        Must::BeWithin(least, most) => {
            let fits = found
                .parse()
                .is_ok_and(|found: u16| (*least..=*most).contains(&found));
            (
                fits,
                format!("at least {least} and at most {most}, the number of copies"),
            )
        }
    };
    if fits {
        return Ok(());
    }
    Err(TopicError::Setting {
        topic: topic.to_owned(),
        name,
        found: found.to_owned(),
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_wrong_is_named() {
        let be = Must::Be("delete");
        assert!(judge("log", "cleanup.policy", &be, "delete").is_ok());
        let wrong = judge("log", "cleanup.policy", &be, "compact").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "the topic log has cleanup.policy=compact, and must have delete"
        );
    }

    #[test]
    fn a_number_may_be_more_or_without_end() {
        let least = Must::BeAtLeast(7);
        for (found, fits) in [
            ("7", true),
            ("8", true),
            ("-1", true),
            ("6", false),
            ("", false),
        ] {
            let judged = judge("log", "retention.ms", &least, found);
            assert_eq!(judged.is_ok(), fits, "{found}");
        }
    }

    #[test]
    fn copies_in_sync_are_as_many_as_asked_for_and_no_more_than_there_are() {
        let within = Must::BeWithin(2, 3);
        for (found, fits) in [
            ("1", false),
            ("2", true),
            ("3", true),
            ("4", false),
            ("-1", false),
        ] {
            let judged = judge("log", "min.insync.replicas", &within, found);
            assert_eq!(judged.is_ok(), fits, "{found}");
        }
    }

    #[test]
    fn too_few_copies_of_one_partition_are_named() {
        let settings = KafkaSettings {
            brokers: "localhost:9092".into(),
            topic: "log".into(),
            partitions: 3,
            replication: 2,
            min_insync: 1,
            append_ms: 3_000,
        };
        let copies = |each: &[(i32, usize)]| Copies {
            each: each.to_vec(),
            led: true,
        };
        let counted = copies(&[(0, 2), (1, 3), (2, 2)]).count(&settings);
        assert_eq!(counted.unwrap(), 3);
        let wrong = copies(&[(0, 2), (1, 1)]).count(&settings).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "the topic log has 1 copies of partition 1, and must have 2"
        );
    }
}
