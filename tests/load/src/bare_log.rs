//! Kafka by itself: records go in by one producer and come out by one consumer, set as a node's are, and nothing is done with
//! them. It is what the log's share of a message's way is measured beside.

use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::{Map, json};

use crate::Failure;
use crate::figures::print;

/// How long brokers may take for what is not measured.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions, until there is an answer.
const AGAIN: Duration = Duration::from_millis(100);
/// How long what is under way at the end may take to come.
const LAST: Duration = Duration::from_secs(10);
/// Milliseconds for which records are gathered into one request, as nodes do.
const LINGER_MS: &str = "1";
/// Milliseconds that nobody waits for longer between two looks.
const WAIT_MS_MAX: u64 = 5;
/// Microseconds of the longest delay that is told apart from a longer one.
const DELAY_MAX_US: u64 = 60_000_000;

/// A run.
#[derive(Args)]
pub(crate) struct BareLogPlan {
    /// Kafka: host and port of some brokers, divided by commas.
    #[arg(long, env = "KAFKA_BROKERS")]
    brokers: String,
    /// A topic of its own, made where it is missing.
    #[arg(long, default_value = "load.bare")]
    topic: String,
    /// Its partitions.
    #[arg(long, default_value_t = 12)]
    partitions: u16,
    /// Records a second.
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// Bytes of a record.
    #[arg(long, default_value_t = 400)]
    bytes: usize,
    /// Seconds that count, after two that do not.
    #[arg(long, default_value_t = 4)]
    secs: u64,
}

/// Seconds before it counts.
const WARM_UP_S: u64 = 2;

pub(crate) fn run(plan: &BareLogPlan) -> Result<(), Failure> {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &plan.brokers)
        .set("socket.nagle.disable", "true");
    make_topic(&settings, plan)?;
    let consumer = consumer(&settings, plan)?;
    let producer: BaseProducer = settings
        .set("enable.idempotence", "true")
        .set("linger.ms", LINGER_MS)
        .create()?;
    let all = plan.rate * (WARM_UP_S + plan.secs);
    let uncounted = plan.rate * WARM_UP_S;
    let due = |number: u64| Duration::from_micros(1_000_000 * number / plan.rate);
    let mut delays_us = Histogram::<u64>::new_with_max(DELAY_MAX_US, 3)?;
    let (begun, mut sent, mut come) = (Instant::now(), 0, 0);
    while come < all {
        while sent < all && due(sent) <= begun.elapsed() {
            send(&producer, plan, sent)?;
            sent += 1;
        }
        producer.poll(Duration::ZERO);
        let wait = match sent < all {
            true => due(sent).saturating_sub(begun.elapsed()),
            false => LAST,
        };
        let Some(got) = consumer.poll(wait.min(Duration::from_millis(WAIT_MS_MAX))) else {
            if begun.elapsed() > due(all) + LAST {
                return Err(format!("{} of {all} records never came", all - come).into());
            }
            continue;
        };
        let number = number(&got?).ok_or("a record of somebody else")?;
        let delay = begun.elapsed().saturating_sub(due(number));
        if number >= uncounted {
            delays_us.record(u64::try_from(delay.as_micros())?.min(DELAY_MAX_US))?;
        }
        come += 1;
    }
    producer.flush(PATIENCE)?;
    let mut figures = Map::new();
    figures.insert("records".into(), json!(plan.rate * plan.secs));
    for (name, quantile) in [("p50_us", 0.5), ("p99_us", 0.99)] {
        figures.insert(name.into(), json!(delays_us.value_at_quantile(quantile)));
    }
    print(figures);
    Ok(())
}

fn make_topic(settings: &ClientConfig, plan: &BareLogPlan) -> Result<(), Failure> {
    let admin: AdminClient<DefaultClientContext> = settings.create()?;
    let topic = NewTopic::new(
        &plan.topic,
        i32::from(plan.partitions),
        TopicReplication::Fixed(1),
    );
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    // That it is there already is no fault; that it is not is seen next.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(admin.create_topics([&topic], &options))?;
    Ok(())
}

/// Reads every partition from its end on.
fn consumer(settings: &ClientConfig, plan: &BareLogPlan) -> Result<BaseConsumer, Failure> {
    let consumer: BaseConsumer = settings
        .clone()
        .set("group.id", "load-bare")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..i32::from(plan.partitions) {
        let end = end(&consumer, plan, partition)?;
        list.add_partition_offset(&plan.topic, partition, Offset::Offset(end))?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// Where a partition ends, once a topic that was just made has somebody who leads it.
fn end(consumer: &BaseConsumer, plan: &BareLogPlan, partition: i32) -> Result<i64, Failure> {
    let begun = Instant::now();
    loop {
        match consumer.fetch_watermarks(&plan.topic, partition, PATIENCE) {
            Ok((_, end)) => return Ok(end),
            Err(why) if begun.elapsed() > PATIENCE => return Err(why.into()),
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// A record that begins with its number.
fn send(producer: &BaseProducer, plan: &BareLogPlan, number: u64) -> Result<(), Failure> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(plan.bytes.max(value.len()), b'.');
    let partition = i32::try_from(number % u64::from(plan.partitions))?;
    let record = BaseRecord::<(), [u8]>::to(&plan.topic)
        .partition(partition)
        .payload(&value);
    producer.send(record).map_err(|(why, _)| why)?;
    Ok(())
}

fn number(record: &impl Message) -> Option<u64> {
    let (number, _) = record.payload()?.split_first_chunk()?;
    Some(u64::from_be_bytes(*number))
}
