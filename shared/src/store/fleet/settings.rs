//! Where the real parts are, and what they are for this fleet.

use std::time::Duration;

use crate::config::{ConfigError, Env};
use crate::store::dynamodb::DynamoSettings;
use crate::store::kafka::KafkaSettings;
use crate::store::redis::RedisSettings;

/// The variables that say where a part is. All of them are needed, or none.
const NEEDED: [&str; 3] = ["KAFKA_BROKERS", "MONGO_URI", "REDIS_URL"];

/// What is to be known of the real parts.
#[derive(Clone)]
pub struct FleetSettings {
    pub(super) kafka: KafkaSettings,
    pub(super) dynamo: DynamoSettings,
    pub(super) mongo_uri: String,
    pub(super) redis: RedisSettings,
    /// The topic for the search server; none where that is told by HTTP.
    pub(super) index_topic: Option<String>,
    /// The epoch that the operator says is to begin.
    pub(super) new_epoch: Option<u16>,
}

impl FleetSettings {
    /// Reads them; none where no part is named, for then everything is in one file.
    ///
    /// # Errors
    /// Names the first that is wrong or missing.
    pub fn read(env: &Env) -> Result<Option<Self>, ConfigError> {
        let Some(there) = NEEDED.iter().find(|name| env.text(name).is_some()) else {
            return Ok(None);
        };
        let needed = |name: &str| {
            let missing = || ConfigError::new(name, format!("must be set where {there} is"));
            env.text(name).map(str::to_owned).ok_or_else(missing)
        };
        let [brokers, mongo_uri, redis_url] = NEEDED.map(needed);
        let text = |name: &str, default: &str| env.text(name).unwrap_or(default).to_owned();
        let redis = RedisSettings {
            url: redis_url?,
            prefix: text("ROOMTONE_REDIS_PREFIX", ""),
            timeout: Duration::from_millis(env.number(
                "ROOMTONE_REDIS_TIMEOUT_MS",
                250,
                50..=5_000,
            )?),
        };
        let by_http = env.text("SEARCH_URL").is_some();
        Ok(Some(Self {
            kafka: kafka(env, brokers?)?,
            dynamo: DynamoSettings {
                endpoint: env.url("DYNAMODB_ENDPOINT")?,
                table_prefix: text("DYNAMODB_TABLE_PREFIX", ""),
                has_credentials: env.text("AWS_ACCESS_KEY_ID").is_some(),
            },
            mongo_uri: mongo_uri?,
            redis,
            index_topic: (!by_http).then(|| text("ROOMTONE_SEARCH_TOPIC", "search.room.index")),
            new_epoch: new_epoch(env)?,
        }))
    }
}

fn kafka(env: &Env, brokers: String) -> Result<KafkaSettings, ConfigError> {
    let replication = env.number("ROOMTONE_KAFKA_REPLICATION", 3, 1..=15)?;
    let min_insync = env.number("ROOMTONE_KAFKA_MIN_INSYNC", 2.min(replication), 1..=15)?;
    if min_insync > replication {
        let reason = "must not be more than ROOMTONE_KAFKA_REPLICATION";
        return Err(ConfigError::new("ROOMTONE_KAFKA_MIN_INSYNC", reason));
    }
    let host_and_port = |broker: &str| {
        let port = broker
            .rsplit_once(':')
            .map(|(host, port)| (!host.is_empty(), port.parse::<u16>()));
        matches!(port, Some((true, Ok(_))))
    };
    if !brokers.split(',').map(str::trim).all(host_and_port) {
        let reason = "must be host:port, or several of these divided by commas";
        return Err(ConfigError::new("KAFKA_BROKERS", reason));
    }
    Ok(KafkaSettings {
        brokers,
        topic: env
            .text("ROOMTONE_KAFKA_TOPIC")
            .unwrap_or("chat.messages")
            .to_owned(),
        partitions: env.number("ROOMTONE_KAFKA_PARTITIONS", 16, 1..=1_024)?,
        replication,
        min_insync,
        append_ms: env.number("ROOMTONE_KAFKA_APPEND_MS", 5_000, 500..=60_000)?,
    })
}

fn new_epoch(env: &Env) -> Result<Option<u16>, ConfigError> {
    match env.text("ROOMTONE_NEW_EPOCH") {
        None => Ok(None),
        Some(_) => env.number("ROOMTONE_NEW_EPOCH", 0, 1..=u16::MAX).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Env {
        Env::default()
            .with("KAFKA_BROKERS", "a:9092,b:9092")
            .with("MONGO_URI", "mongodb://m/chattingdb")
            .with("REDIS_URL", "redis://r")
    }

    #[test]
    fn without_any_part_there_is_no_fleet_and_with_some_the_others_are_missed() {
        assert!(FleetSettings::read(&Env::default()).unwrap().is_none());
        assert!(FleetSettings::read(&all()).unwrap().is_some());
        for name in NEEDED {
            let wrong = FleetSettings::read(&all().with(name, "")).err().unwrap();
            assert_eq!(wrong.name, name);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("KAFKA_BROKERS", "a"),
            ("KAFKA_BROKERS", "a:b"),
            ("KAFKA_BROKERS", ":9092"),
            ("ROOMTONE_KAFKA_PARTITIONS", "0"),
            ("ROOMTONE_KAFKA_MIN_INSYNC", "4"),
            ("ROOMTONE_REDIS_TIMEOUT_MS", "49"),
            ("ROOMTONE_NEW_EPOCH", "next"),
            ("DYNAMODB_ENDPOINT", "localhost:4566"),
        ] {
            let wrong = FleetSettings::read(&all().with(name, value)).err().unwrap();
            assert_eq!(wrong.name, name, "{value}");
        }
    }

    #[test]
    fn a_search_server_with_an_address_is_not_told_by_kafka_too() {
        let read = |env: &Env| FleetSettings::read(env).unwrap().unwrap().index_topic;
        assert_eq!(read(&all()).as_deref(), Some("search.room.index"));
        assert_eq!(read(&all().with("SEARCH_URL", "http://s")), None);
    }
}
