//! Fill: records of messages in rooms that nobody listens to, straight into Kafka, as nodes would put them there. So it is
//! measured how fast a node reads what it has no use for.

use std::time::{Duration, Instant};

use clap::Args;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use serde_json::{Map, json};

use crate::Failure;
use crate::figures::{print, round};
use crate::scale::records::Records;

/// How long the brokers may take to tell of the topic, and then to take what is under way.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries, where as much is under way as may be.
const FULL: Duration = Duration::from_millis(5);
/// Milliseconds for which records are gathered into one request, as nodes do.
const LINGER_MS: &str = "1";

/// What is to be written, and where.
#[derive(Args)]
pub(crate) struct FillPlan {
    /// Kafka: host and port of some brokers, divided by commas.
    #[arg(long, env = "KAFKA_BROKERS")]
    brokers: String,
    /// The topic that is the log.
    #[arg(long, env = "ROOMTONE_KAFKA_TOPIC", default_value = "chat.messages")]
    topic: String,
    /// Records.
    #[arg(long, default_value_t = 300_000)]
    records: u64,
    /// What their rooms are drawn by: with another seed they are others.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(plan: &FillPlan) -> Result<(), Failure> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &plan.brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", LINGER_MS)
        .create()?;
    let told = producer
        .client()
        .fetch_metadata(Some(&plan.topic), PATIENCE)?;
    let partitions = told.topics().first().map_or(0, |t| t.partitions().len());
    let partitions = u16::try_from(partitions)?;
    if partitions == 0 {
        return Err(format!("there is no topic {}", plan.topic).into());
    }
    let (mut records, mut bytes, begun) = (Records::new(plan.seed), 0, Instant::now());
    for number in 0..plan.records {
        let (room, value) = records.draw()?;
        let (key, headers) = (room.to_string(), append(number));
        let record = BaseRecord::to(&plan.topic)
            .partition(i32::from(room.partition(partitions).0))
            .key(&key)
            .headers(headers)
            .payload(&value);
        bytes += value.len();
        send(&producer, record)?;
    }
    producer.flush(PATIENCE)?;
    tell(plan.records, bytes, begun.elapsed());
    Ok(())
}

/// The header that says which append of which process a record came by.
fn append(number: u64) -> OwnedHeaders {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&u64::from(std::process::id()).to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: "append",
        value: Some(&id),
    })
}

/// Puts a record behind those that are under way, once there is room.
fn send(
    producer: &BaseProducer<DefaultProducerContext>,
    mut record: BaseRecord<'_, String, Vec<u8>>,
) -> Result<(), Failure> {
    loop {
        producer.poll(Duration::ZERO);
        record = match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => again,
            Err((why, _)) => return Err(why.into()),
        };
        producer.poll(FULL);
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of a run fit")]
fn tell(records: u64, bytes: usize, took: Duration) {
    let mut figures = Map::new();
    figures.insert("records".into(), json!(records));
    figures.insert(
        "record_bytes".into(),
        round(bytes as f64 / records.max(1) as f64, 0),
    );
    figures.insert(
        "records_per_s".into(),
        round(records as f64 / took.as_secs_f64(), 0),
    );
    print(figures);
}
