//! The log and what was archived of it, read by clients of others and held against each other.
//!
//! It knows the two formats as the documents have them: a record of the topic is a fact as JSON, and a row of the table
//! `history` has a room's id, a message's id and the message as JSON.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;

use crate::deadline::until;
use crate::server::Server;
use crate::{fleet, journal};

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Messages by room and id, each with its kind, its sender and its text.
pub type Messages = BTreeMap<(String, String), (String, String, String)>;

/// Waits until all that the log shows is archived, and sees that nothing else is; gives how many messages that are.
///
/// The log must have no messages that are void: what those are this does not judge. A repeat is one however late it comes,
/// so that what is sent again must be so within the window.
///
/// # Panics
/// Where a message is in one and not in the other, or is not the same.
pub async fn is_the_log(server: &Server) -> usize {
    let log = log(server).await;
    has(server, &log).await;
    log.len()
}

/// The same, of a log that was read.
///
/// # Panics
/// Where a message is in one and not in the other, or is not the same.
pub async fn has(server: &Server, log: &Messages) {
    let archive = has_come_to(server, log).await;
    for (place, message) in log {
        assert_eq!(archive.get(place), Some(message), "{place:?} of the log");
    }
    let more: Vec<_> = archive
        .keys()
        .filter(|place| !log.contains_key(*place))
        .collect();
    assert!(more.is_empty(), "not in the log: {more:?}");
}

/// Waits until there is a message in the archive for each of the log, and gives all that there are.
async fn has_come_to(server: &Server, log: &Messages) -> Messages {
    has_newest(server, log).await;
    let (client, table) = table_of(server);
    until("the archive to have all of the log", || async {
        let begun = Instant::now();
        let archive = archived(&client, &table).await;
        if log.keys().all(|place| archive.contains_key(place)) {
            return Some(archive);
        }
        // To read all of a large table again and again would be a load of its own.
        tokio::time::sleep(begun.elapsed()).await;
        None
    })
    .await
}

/// Waits until the newest message of each room of the log is archived. It costs the same however long the log is.
///
/// # Panics
/// Where that takes too long.
pub async fn has_newest(server: &Server, log: &Messages) {
    let (client, table) = table_of(server);
    let places = log.keys().map(|(room, id)| (room, id));
    // The last of each, for they are in order.
    let newest: BTreeMap<_, _> = places.collect();
    for (room, id) in newest {
        until(&format!("{id} of {room} in the archive"), || async {
            let look = client.get_item().table_name(&table);
            let look = look.key("pk", AttributeValue::S(room.clone()));
            let look = look.key("id", AttributeValue::S(id.clone()));
            let found = look.consistent_read(true).send().await.expect("a look");
            found.item.map(drop)
        })
        .await;
    }
}

/// Where the archive is.
fn table_of(server: &Server) -> (Client, String) {
    let setting = |name| fleet::setting(server.environment(), name).to_owned();
    let table = format!("{}history", setting("DYNAMODB_TABLE_PREFIX"));
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(setting("DYNAMODB_ENDPOINT"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("tests", "tests", None, None, "tests"))
        .build();
    (Client::from_conf(config), table)
}

/// What the log shows.
///
/// # Panics
/// Where it can't be read.
pub async fn log(server: &Server) -> Messages {
    let (brokers, topic) = log_of(server);
    let read = tokio::task::spawn_blocking(move || shown(&brokers, &topic)).await;
    read.expect("a log that can be read")
}

/// What the log shows: each line that was said, and an ENTER or EXIT for each change of a membership, once.
fn shown(brokers: &str, topic: &str) -> Messages {
    let (mut messages, mut told, mut said) = (Messages::new(), HashSet::new(), HashSet::new());
    for (offset, fact) in read_facts(brokers, topic) {
        let Some(room) = fact["in"][0].as_str().map(str::to_owned) else {
            continue;
        };
        let event = &fact["in"][1];
        let id = |index: usize| format!("0000{offset:016x}{index:02x}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for (index, line) in event["said"]["lines"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let sender = text(&event["said"]["sender"]["uid"]);
            let own = &line["clientMessageId"];
            if !own.is_null() && !said.insert((room.clone(), sender.clone(), own.to_string())) {
                continue;
            }
            messages.insert(
                (room.clone(), id(index)),
                ("TALK".into(), sender, text(&line["content"])),
            );
        }
        let member = &event["member"];
        let (who, nickname) = (
            text(&member["who"]["uid"]),
            text(&member["who"]["nickName"]),
        );
        let notice = match &member["change"] {
            change if change["joined"]["silent"] == false => ("ENTER", "입장"),
            change if change["exited"].is_object() => ("EXIT", "퇴장"),
            _ => continue,
        };
        if told.insert((room.clone(), who.clone(), member["version"].to_string())) {
            let content = format!("{nickname}님이 {}하였습니다.", notice.1);
            messages.insert((room, id(0)), (notice.0.into(), who, content));
        }
    }
    messages
}

/// A change of somebody's membership, as the log tells of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Whose it is.
    pub uid: String,
    /// Which of theirs: it counts up, and what changes at once has the same.
    pub version: u64,
    /// The room.
    pub room: String,
    /// Whether the membership began; else it ended.
    pub joined: bool,
    /// The room for which this one was left, where the user did not leave by themselves.
    pub by: Option<String>,
}

/// Every change of every membership, once, by user and version.
///
/// # Panics
/// Where the log can't be read.
pub async fn changes(server: &Server) -> BTreeSet<Change> {
    let facts = facts(server).await;
    facts.iter().filter_map(|(_, fact)| change(fact)).collect()
}

fn change(fact: &Value) -> Option<Change> {
    let (room, member) = (&fact["in"][0], &fact["in"][1]["member"]);
    let change = &member["change"];
    let joined = change["joined"].is_object();
    (joined || change["exited"].is_object()).then(|| Change {
        uid: member["who"]["uid"].as_str().unwrap_or_default().into(),
        version: member["version"].as_u64().expect("a version"),
        room: room.as_str().expect("a room").into(),
        joined,
        by: change["exited"]["by"].as_str().map(str::to_owned),
    })
}

/// Every fact of the log of a fleet, or of the one process, with its offset, each partition in its order.
///
/// # Panics
/// Where the log can't be read.
pub async fn facts(server: &Server) -> Vec<(i64, Value)> {
    if !server.is_fleet() {
        return journal::facts(server.folder().path());
    }
    let (brokers, topic) = log_of(server);
    let read = tokio::task::spawn_blocking(move || read_facts(&brokers, &topic)).await;
    read.expect("a log that can be read")
}

/// Where the log is.
fn log_of(server: &Server) -> (String, String) {
    let setting = |name| fleet::setting(server.environment(), name).to_owned();
    (setting("KAFKA_BROKERS"), setting("ROOMTONE_KAFKA_TOPIC"))
}

/// All facts of the topic, each partition in its order. What strangers put there is passed over.
fn read_facts(brokers: &str, topic: &str) -> Vec<(i64, Value)> {
    let own = records(brokers, topic).into_iter().filter(|r| r.is_own);
    own.map(|record| {
        let fact = serde_json::from_slice(&record.value);
        (record.offset, fact.expect("a fact as JSON"))
    })
    .collect()
}

/// Puts into the log what is none of Roomtone's; gives where it stands, as `partition/offset`.
///
/// # Panics
/// Where the broker does not take it.
pub async fn put_as_stranger(server: &Server, partition: i32, value: &[u8]) -> String {
    let (brokers, topic) = log_of(server);
    let mut config = ClientConfig::new();
    let producer: FutureProducer = config
        .set("bootstrap.servers", brokers)
        .create()
        .expect("a producer");
    let record = FutureRecord::<(), [u8]>::to(&topic)
        .partition(partition)
        .payload(value);
    let delivered = producer.send(record, ANSWER).await;
    let Delivery {
        partition, offset, ..
    } = delivered.expect("the broker takes it");
    format!("{partition}/{offset}")
}

/// What was set aside of the log, by where it stands there.
///
/// # Panics
/// Where the topic of dead letters can't be read.
pub async fn dead_letters(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let (brokers, topic) = log_of(server);
    let read = move || records(&brokers, &format!("{topic}.dead-letters"));
    let read = tokio::task::spawn_blocking(read).await;
    let letters = read.expect("a topic that can be read").into_iter();
    letters.map(|letter| (letter.key, letter.value)).collect()
}

/// A record as it stands in a topic.
struct Stored {
    offset: i64,
    key: String,
    value: Vec<u8>,
    /// Whether Roomtone put it there: it says by which append it came.
    is_own: bool,
}

/// All records of a topic, each partition in its order.
fn records(brokers: &str, topic: &str) -> Vec<Stored> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", "tests-archive");
    config.set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer
        .fetch_metadata(Some(topic), ANSWER)
        .expect("a topic");
    let (mut list, mut left) = (TopicPartitionList::new(), HashMap::new());
    for partition in metadata.topics()[0].partitions() {
        let bounds = consumer.fetch_watermarks(topic, partition.id(), ANSWER);
        let (first, end) = bounds.expect("a partition's bounds");
        list.add_partition_offset(topic, partition.id(), Offset::Offset(first))
            .expect("an offset");
        if first < end {
            left.insert(partition.id(), end);
        }
    }
    consumer.assign(&list).expect("partitions to read");
    let mut records = vec![];
    while !left.is_empty() {
        let message = consumer
            .poll(ANSWER)
            .expect("a record")
            .expect("a record that can be read");
        records.push(Stored {
            offset: message.offset(),
            key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
            value: message.payload().unwrap_or_default().to_vec(),
            is_own: message
                .headers()
                .is_some_and(|headers| headers.iter().any(|header| header.key == "append")),
        });
        if left.get(&message.partition()) == Some(&(message.offset() + 1)) {
            left.remove(&message.partition());
        }
    }
    records
}

/// All messages of the table.
async fn archived(client: &Client, table: &str) -> Messages {
    let (mut messages, mut start) = (Messages::new(), None);
    loop {
        let scan = client.scan().table_name(table).consistent_read(true);
        let page = scan
            .set_exclusive_start_key(start)
            .send()
            .await
            .expect("a scan");
        for item in page.items() {
            let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned();
            let Some(archived) = text("archived") else {
                continue;
            };
            let archived: Value = serde_json::from_str(&archived).expect("a message as JSON");
            let of = |name: &str| {
                archived["message"][name]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let place = (text("pk").expect("a room"), text("id").expect("an id"));
            messages.insert(place, (of("messageType"), of("senderId"), of("content")));
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return messages;
        }
    }
}
