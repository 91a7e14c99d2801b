//! The stores on the real parts: Kafka, DynamoDB, MongoDB and Redis.
//!
//! A node reads the log, records its share of it and hears from it what became of its appends. A function does not
//! read: the recorder's word in history tells it. The settings are the same for both, and decide alone where they
//! are.

use std::sync::Arc;

use thiserror::Error;

use super::dynamodb::{
    self, Covered, Dynamo, DynamoHistory, DynamoMemberships, Rows, Topic, Verdicts,
};
use super::kafka::{self, Group, Judging, KafkaLog, RecordedVerdicts, Unconnected};
use super::mongodb::MongoRooms;
use super::recorder::{Desk, Recorder};
use super::redis::{FleetPresence, Recent, RecentWriter, Redis};
use super::{Log, Memberships, Stores};
use crate::config::ConfigError;
use crate::error::Error as StoreError;

mod begin;
mod settings;

pub use super::dynamodb::{EpochError, TablesError};
pub use super::kafka::{IndexTopic, TopicError};
pub use super::redis::{Away, Rates};
pub use settings::FleetSettings;

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

/// The real parts, open.
pub struct Fleet {
    /// The stores.
    pub stores: Stores,
    /// How fast users may go, counted for all processes together.
    pub rates: Rates,
    /// Where a search server that reads Kafka hears of rooms; none where this process appends nothing, or the search
    /// server is told by HTTP.
    pub index: Option<IndexTopic>,
    recorder: Option<Recorder>,
}

/// What is open in any process.
struct Parts {
    dynamo: Dynamo,
    rooms: Arc<MongoRooms>,
    memberships: Arc<dyn Memberships>,
    redis: Redis,
}

impl Parts {
    async fn open(settings: &FleetSettings, dynamo: Dynamo) -> Result<Self, OpenError> {
        Ok(Self {
            rooms: Arc::new(MongoRooms::new(&settings.mongo_uri).await?),
            memberships: DynamoMemberships::new(dynamo.clone()),
            redis: Redis::new(&settings.redis)?,
            dynamo,
        })
    }

    fn stores(&self, topic: Topic, log: Arc<dyn Log>) -> Stores {
        let recent = Recent::new(self.redis.clone());
        let log_of = (topic.epoch, topic.partitions);
        Stores {
            rooms: self.rooms.clone(),
            memberships: self.memberships.clone(),
            history: DynamoHistory::new(self.dynamo.clone(), log_of, recent),
            presence: Arc::new(FleetPresence::new(
                self.redis.clone(),
                self.memberships.clone(),
            )),
            log,
        }
    }

    fn rates(&self) -> Rates {
        Rates::new(self.redis.clone())
    }
}

impl Fleet {
    /// Opens the stores as a node has them. Makes what is missing of the topics, and of the tables where DynamoDB is
    /// an emulator; sees that the log is the one that was recorded; begins to record.
    ///
    /// # Errors
    /// Says which part is not as it must be, and what to do.
    pub async fn open_node(settings: &FleetSettings) -> Result<Self, OpenError> {
        let client = dynamodb::connect(&settings.dynamo).await;
        let prefix = &settings.dynamo.table_prefix;
        match settings.dynamo.endpoint {
            Some(_) => dynamodb::create_tables(&client, prefix).await?,
            None => dynamodb::check_tables(&client, prefix).await?,
        }
        let partitions = kafka::ensure_topic(&settings.kafka).await?;
        if let Some(index) = &settings.index_topic {
            kafka::ensure_index_topic(&settings.kafka, index).await?;
        }
        let dynamo = Dynamo::new(client, prefix);
        let topic = begin::begin(settings, &dynamo, partitions).await?;
        let parts = Parts::open(settings, dynamo).await?;
        let log_of = (topic.epoch, topic.partitions);
        let log = KafkaLog::new(settings.kafka.clone(), log_of, Judging::Reader)?;
        let recorder = Recorder::start(Desk {
            log: log.clone(),
            epoch: topic.epoch,
            rows: Rows::new(parts.dynamo.clone()),
            covered: Covered::new(parts.dynamo.clone(), topic.epoch),
            memberships: parts.memberships.clone(),
            rooms: parts.rooms.clone(),
            recent: RecentWriter::new(parts.redis.clone()),
            group: Group::join(&settings.kafka)?,
        });
        Ok(Self {
            stores: parts.stores(topic, Arc::new(log.clone())),
            rates: parts.rates(),
            index: index_topic(settings, &log),
            recorder: Some(recorder),
        })
    }

    /// Opens the stores as a function has them, with a producer only where it `appends`. A node must have begun
    /// the log.
    ///
    /// # Errors
    /// Says which part is not as it must be, and what to do.
    pub async fn open_function(settings: &FleetSettings, appends: bool) -> Result<Self, OpenError> {
        let client = dynamodb::connect(&settings.dynamo).await;
        let dynamo = Dynamo::new(client, &settings.dynamo.table_prefix);
        let topic = dynamodb::topic(&dynamo)
            .await?
            .ok_or(EpochError::NotBegun)?;
        let parts = Parts::open(settings, dynamo).await?;
        let log_of = (topic.epoch, topic.partitions);
        let (log, index): (Arc<dyn Log>, _) = if appends {
            let judging = Judging::Recorder(parts.verdicts(topic));
            let log = KafkaLog::new(settings.kafka.clone(), log_of, judging)?;
            let index = index_topic(settings, &log);
            (Arc::new(log), index)
        } else {
            (Arc::new(Unconnected::new(log_of)), None)
        };
        Ok(Self {
            stores: parts.stores(topic, log),
            rates: parts.rates(),
            index,
            recorder: None,
        })
    }

    /// Stops recording; another node goes on with this one's share.
    pub fn stop(mut self) {
        drop(self.recorder.take());
    }
}

impl Parts {
    fn verdicts(&self, topic: Topic) -> Arc<dyn RecordedVerdicts> {
        let covered = Covered::new(self.dynamo.clone(), topic.epoch);
        Arc::new(Verdicts::new(
            Rows::new(self.dynamo.clone()),
            covered,
            topic.epoch,
        ))
    }
}

fn index_topic(settings: &FleetSettings, log: &KafkaLog) -> Option<IndexTopic> {
    let name = settings.index_topic.clone()?;
    Some(IndexTopic::new(log.clone(), name))
}
