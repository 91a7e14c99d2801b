//! The stores on the real parts: Kafka, DynamoDB, MongoDB and Redis.
//!
//! A node has all of them: it reads the log, records its share of it and hears from it what became of its appends. A
//! function has those that it uses ([`function`]). The settings are the same for both, and decide alone where they are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::Stores;
use super::dynamodb::{self, Covered, Dynamo, DynamoHistory, DynamoMemberships, Rows};
use super::kafka::{self, DeadLetters, Group, Judging, KafkaLog};
use super::mongodb::MongoRooms;
pub use super::recorder::RecorderLag;
use super::recorder::{Desk, Recorder};
use super::redis::{FleetPresence, Recent, RecentWriter, Redis};
use crate::config::ConfigError;
use crate::error::Error as StoreError;
use crate::outbound::Outbound;

mod begin;
pub mod function;
mod settings;

pub use super::dynamodb::{EpochError, TablesError};
pub use super::kafka::{IndexTopic, TopicError};
pub use super::redis::{Away, Rates, Whose};
pub use settings::FleetSettings;

/// How long a node's start waits for parts that do not answer. A node that comes while one of them is at its worst, which
/// is when nodes come, need not go again.
const AWAIT: Duration = Duration::from_secs(60);
/// The pause before they are asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Why the real parts cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// A table of DynamoDB is missing, or another one.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// A topic of Kafka is another one, or cannot be made.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The log is not the one that was recorded.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// A store does not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Kafka's client cannot be made.
    #[error("Kafka's client: {0}")]
    Client(#[from] rdkafka::error::KafkaError),
}

impl OpenError {
    /// Whether it may go by itself: a part does not answer.
    fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable(_))
                | Self::Epoch(EpochError::Store(StoreError::Unavailable(_)))
                | Self::Tables(TablesError::DynamoDb(_))
                | Self::Topic(TopicError::Kafka { .. })
        )
    }
}

/// The real parts as a node has them, open.
pub struct Fleet {
    /// The stores.
    pub stores: Stores,
    recorder: Recorder,
}

impl Fleet {
    /// Opens them. Makes what is missing of the topics, and of the tables where DynamoDB is an emulator; sees that the
    /// log is the one that was recorded; begins to record. Parts that do not answer are asked again for up to a minute.
    ///
    /// # Errors
    /// Says which part is not as it must be, and what to do.
    pub async fn open_node(settings: &FleetSettings) -> Result<Self, OpenError> {
        let up = Instant::now() + AWAIT;
        loop {
            match Self::try_open_node(settings).await {
                Err(why) if why.may_pass() && Instant::now() < up => {
                    tracing::warn!(%why, "not started yet: a part does not answer");
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                opened => return opened,
            }
        }
    }

    async fn try_open_node(settings: &FleetSettings) -> Result<Self, OpenError> {
        let client = dynamodb::connect(&settings.dynamo, Outbound::new()).await;
        let prefix = &settings.dynamo.table_prefix;
        match settings.dynamo.endpoint {
            Some(_) => dynamodb::create_tables(&client, prefix).await?,
            None => dynamodb::check_tables(&client, prefix).await?,
        }
        let index = settings.index_topic.as_deref();
        let partitions = kafka::ensure_topics(&settings.kafka, index).await?;
        let dynamo = Dynamo::new(client, prefix);
        let topic = begin::begin(settings, &dynamo, partitions).await?;
        let rooms = Arc::new(MongoRooms::new(&settings.mongo_uri).await?);
        let memberships = DynamoMemberships::new(dynamo.clone());
        let redis = Redis::new(&settings.redis)?;
        let log_of = (topic.epoch, topic.partitions);
        let log = KafkaLog::new(settings.kafka.clone(), log_of, Judging::Reader)?;
        let recorder = Recorder::start(Desk {
            log: log.clone(),
            epoch: topic.epoch,
            rows: Rows::new(dynamo.clone()),
            covered: Covered::new(dynamo.clone(), topic.epoch),
            memberships: memberships.clone(),
            rooms: rooms.clone(),
            recent: RecentWriter::new(redis.clone()),
            dead_letters: DeadLetters::new(log.clone()),
            group: Group::join(&settings.kafka)?,
            lag: Arc::default(),
        });
        let stores = Stores {
            rooms,
            history: DynamoHistory::new(dynamo, topic, Some(Recent::new(redis.clone()))),
            presence: Arc::new(FleetPresence::new(redis, memberships.clone())),
            memberships,
            log: Arc::new(log),
        };
        Ok(Self { stores, recorder })
    }

    /// How far the recorder of this process is behind.
    #[must_use]
    pub fn recorder_lag(&self) -> Arc<RecorderLag> {
        self.recorder.lag.clone()
    }

    /// Stops recording; another node goes on with this one's share.
    pub fn stop(self) {
        drop(self.recorder);
    }
}
