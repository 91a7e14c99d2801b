//! The real parts as a function has them: the clients that it uses, and no other.
//!
//! Which these are its binary says, by a list of [`Part`]s. What no part in the list makes is not even linked into it, so
//! nothing here may name a client but the part that makes it. A function does not read the log: the recorder's word in
//! history tells what became of its records.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use thiserror::Error;

use super::FleetSettings;
use crate::config::ConfigError;
use crate::error::Error as StoreError;
use crate::outbound::Outbound;
use crate::store::dynamodb::{
    self, Covered, Dynamo, DynamoHistory, DynamoMemberships, EpochError, Rows, Topic, Verdicts,
};
use crate::store::kafka::{IndexTopic, Judging, KafkaLog};
use crate::store::mongodb::MongoRooms;
use crate::store::redis::{FleetPresence, Rates, Recent, Redis};
use crate::store::{Log, Memberships, Stores, unconnected};

/// Why a function cannot have its parts.
#[derive(Debug, Error)]
pub enum FunctionError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// No node has begun the log.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// A store does not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Kafka's client cannot be made.
    #[error("Kafka's client: {0}")]
    Producer(String),
}

type Opened<'a> = BoxFuture<'a, Result<(), FunctionError>>;

/// A part that a function may use.
#[derive(Clone, Copy)]
pub struct Part(for<'a, 'b> fn(&'a mut Opening<'b>) -> Opened<'a>);

/// Rooms, on MongoDB.
pub const ROOMS: Part = Part(|opening| Box::pin(opening.rooms()));
/// Memberships, on DynamoDB.
pub const MEMBERSHIPS: Part = Part(|opening| Box::pin(opening.memberships()));
/// History, on DynamoDB alone.
pub const HISTORY: Part = Part(|opening| Box::pin(opening.history()));
/// History whose newest pages come from Redis.
pub const RECENT_HISTORY: Part = Part(|opening| Box::pin(opening.recent_history()));
/// Who is on, on Redis and DynamoDB.
pub const PRESENCE: Part = Part(|opening| Box::pin(opening.presence()));
/// How fast users may go, counted in Redis for all processes together.
pub const RATES: Part = Part(|opening| Box::pin(opening.rates()));
/// The way into the log, and into the search server's topic: Kafka, and DynamoDB for what became of it.
pub const LOG: Part = Part(|opening| Box::pin(opening.log()));

/// All of them.
pub const ALL: [Part; 6] = [ROOMS, MEMBERSHIPS, RECENT_HISTORY, PRESENCE, RATES, LOG];

/// What a function has of the real parts.
pub struct Function {
    /// The stores; those that it has no part of refuse everything.
    pub stores: Stores,
    /// How fast users may go; none where it has no part of that.
    pub rates: Option<Rates>,
    /// Where a search server that reads Kafka hears of rooms; none without the log, or where the search server is told by
    /// HTTP.
    pub index: Option<IndexTopic>,
}

impl Function {
    /// Makes the clients of these parts; what speaks HTTP does so by `outbound`. Only DynamoDB is asked something at
    /// once, which is how the log was begun: a node must have done that.
    ///
    /// # Errors
    /// Says which part is not as it must be, and what to do.
    pub async fn open(
        settings: &FleetSettings,
        outbound: Outbound,
        parts: &[Part],
    ) -> Result<Self, FunctionError> {
        let mut opening = Opening {
            settings,
            outbound,
            dynamo: None,
            redis: None,
            function: Self {
                stores: unconnected::stores(),
                rates: None,
                index: None,
            },
        };
        for Part(open) in parts {
            open(&mut opening).await?;
        }
        Ok(opening.function)
    }
}

/// A function's parts while they are being opened.
struct Opening<'a> {
    settings: &'a FleetSettings,
    outbound: Outbound,
    dynamo: Option<(Dynamo, Topic, Arc<dyn Memberships>)>,
    redis: Option<Redis>,
    function: Function,
}

impl Opening<'_> {
    /// DynamoDB, what it says of the log, and the memberships, of which a process must have one form only.
    async fn dynamo(&mut self) -> Result<(Dynamo, Topic, Arc<dyn Memberships>), FunctionError> {
        if let Some(known) = &self.dynamo {
            return Ok(known.clone());
        }
        let client = dynamodb::connect_function(&self.settings.dynamo, self.outbound.clone()).await;
        let dynamo = Dynamo::new(client, &self.settings.dynamo.table_prefix);
        let begun = dynamodb::topic(&dynamo).await?;
        let topic = begun.ok_or(EpochError::NotBegun)?;
        let memberships = DynamoMemberships::new(dynamo.clone());
        Ok(self.dynamo.insert((dynamo, topic, memberships)).clone())
    }

    fn redis(&mut self) -> Result<Redis, ConfigError> {
        if let Some(known) = &self.redis {
            return Ok(known.clone());
        }
        let redis = Redis::new(&self.settings.redis)?;
        Ok(self.redis.insert(redis).clone())
    }

    async fn rooms(&mut self) -> Result<(), FunctionError> {
        let rooms = MongoRooms::new(&self.settings.mongo_uri).await?;
        self.function.stores.rooms = Arc::new(rooms);
        Ok(())
    }

    async fn memberships(&mut self) -> Result<(), FunctionError> {
        let (_, _, memberships) = self.dynamo().await?;
        self.function.stores.memberships = memberships;
        Ok(())
    }

    async fn history(&mut self) -> Result<(), FunctionError> {
        let (dynamo, topic, _) = self.dynamo().await?;
        self.function.stores.history = DynamoHistory::new(dynamo, topic, None);
        Ok(())
    }

    async fn recent_history(&mut self) -> Result<(), FunctionError> {
        let (dynamo, topic, _) = self.dynamo().await?;
        let recent = Recent::new(self.redis()?);
        self.function.stores.history = DynamoHistory::new(dynamo, topic, Some(recent));
        Ok(())
    }

    async fn presence(&mut self) -> Result<(), FunctionError> {
        let (_, _, memberships) = self.dynamo().await?;
        let presence = FleetPresence::new(self.redis()?, memberships);
        self.function.stores.presence = Arc::new(presence);
        Ok(())
    }

    async fn rates(&mut self) -> Result<(), FunctionError> {
        self.function.rates = Some(Rates::new(self.redis()?));
        Ok(())
    }

    async fn log(&mut self) -> Result<(), FunctionError> {
        let (dynamo, topic, _) = self.dynamo().await?;
        let covered = Covered::new(dynamo.clone(), topic.epoch);
        let verdicts = Verdicts::new(Rows::new(dynamo), covered, topic.epoch);
        let judging = Judging::Recorder(Arc::new(verdicts));
        let log_of = (topic.epoch, topic.partitions);
        let log = KafkaLog::new(self.settings.kafka.clone(), log_of, judging);
        // As text: whoever has no log would otherwise have the words of its client's errors.
        let log = log.map_err(|why| FunctionError::Producer(why.to_string()))?;
        let log: Arc<dyn Log> = Arc::new(log);
        let index = self.settings.index_topic.clone();
        self.function.index = index.map(|name| IndexTopic::new(log.clone(), name));
        self.function.stores.log = log;
        Ok(())
    }
}
