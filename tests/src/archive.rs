//! The log and what was archived of it, read by clients of others and held against each other.
//!
//! It knows the two formats as the documents have them: a record of the topic is a fact as JSON, and a row of the table
//! `history` has a room's id, a message's id and the message as JSON.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

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
/// Messages of a log whose archive is looked through for other rooms too: the emulator looks at all of a table for each page of
/// a scan, and takes minutes for a long one.
const SCANNED_MAX: usize = 20_000;

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

/// The same, of a log that was read. Of a long one only the rooms that it has are looked at.
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
    if log.len() <= SCANNED_MAX {
        let rooms: BTreeSet<_> = newest_of(log).into_keys().cloned().collect();
        assert_eq!(archived_rooms(server).await, rooms, "rooms with messages");
    }
}

/// Waits until there is a message in the archive for each of the log, and gives all that there are in the log's rooms.
async fn has_come_to(server: &Server, log: &Messages) -> Messages {
    has_newest(server, log).await;
    let (client, table) = table_of(server);
    let mut archive = Messages::new();
    for (room, _) in newest_of(log) {
        let own = || log.keys().filter(|(of, _)| of == room);
        let what = format!("the archive to have all of {room}");
        let all = until(&what, || async {
            let there = archived(&client, &table, room).await;
            let whole = own().all(|place| there.contains_key(place));
            whole.then_some(there)
        });
        archive.append(&mut all.await);
    }
    archive
}

/// Each room of the log with the id of its newest message.
fn newest_of(log: &Messages) -> BTreeMap<&String, &String> {
    // The last of each, for they are in order.
    log.keys().map(|(room, id)| (room, id)).collect()
}

/// Waits until the newest message of each room of the log is archived. It costs the same however long the log is.
///
/// # Panics
/// Where that takes too long.
pub async fn has_newest(server: &Server, log: &Messages) {
    let (client, table) = table_of(server);
    for (room, id) in newest_of(log) {
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
    for_each_fact(brokers, topic, |offset, fact| {
        let Some(room) = fact["in"][0].as_str().map(str::to_owned) else {
            return;
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
            _ => return,
        };
        if told.insert((room.clone(), who.clone(), member["version"].to_string())) {
            let content = format!("{nickname}님이 {}하였습니다.", notice.1);
            messages.insert((room, id(0)), (notice.0.into(), who, content));
        }
    });
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
    let read = move || {
        let mut facts = vec![];
        for_each_fact(&brokers, &topic, |offset, fact| facts.push((offset, fact)));
        facts
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.expect("a log that can be read")
}

/// Where the log is.
fn log_of(server: &Server) -> (String, String) {
    let setting = |name| fleet::setting(server.environment(), name).to_owned();
    (setting("KAFKA_BROKERS"), setting("ROOMTONE_KAFKA_TOPIC"))
}

/// Takes every fact of the topic, each partition in its order. What strangers put there is passed over.
fn for_each_fact(brokers: &str, topic: &str, mut take: impl FnMut(i64, Value)) {
    for_each_record(brokers, topic, |record| {
        if record.is_own {
            let fact = serde_json::from_slice(&record.value);
            take(record.offset, fact.expect("a fact as JSON"));
        }
    });
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
    let read = move || {
        let mut letters = BTreeMap::new();
        for_each_record(&brokers, &format!("{topic}.dead-letters"), |letter| {
            letters.insert(letter.key, letter.value);
        });
        letters
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.expect("a topic that can be read")
}

/// A record as it stands in a topic.
struct Stored {
    offset: i64,
    key: String,
    value: Vec<u8>,
    /// Whether Roomtone put it there: it says by which append it came.
    is_own: bool,
}

/// Takes every record of a topic, each partition in its order. One at a time: a long log would fill the memory.
fn for_each_record(brokers: &str, topic: &str, mut take: impl FnMut(Stored)) {
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
    while !left.is_empty() {
        let message = consumer
            .poll(ANSWER)
            .expect("a record")
            .expect("a record that can be read");
        take(Stored {
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
}

/// All messages of a room in the table.
async fn archived(client: &Client, table: &str, room: &str) -> Messages {
    let (mut messages, mut start) = (Messages::new(), None);
    loop {
        let query = client.query().table_name(table).consistent_read(true);
        let query = query.key_condition_expression("pk = :room");
        let query = query.expression_attribute_values(":room", AttributeValue::S(room.into()));
        let page = query
            .set_exclusive_start_key(start)
            .send()
            .await
            .expect("a query");
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
            let place = (room.to_owned(), text("id").expect("an id"));
            messages.insert(place, (of("messageType"), of("senderId"), of("content")));
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return messages;
        }
    }
}

/// The rooms that have messages in the table.
async fn archived_rooms(server: &Server) -> BTreeSet<String> {
    let (client, table) = table_of(server);
    let scan = client.scan().table_name(table).consistent_read(true);
    let scan = scan.filter_expression("attribute_exists(archived)");
    let mut items = scan.into_paginator().items().send();
    let mut rooms = BTreeSet::new();
    while let Some(item) = items.next().await {
        let item = item.expect("a scan");
        rooms.insert(item["pk"].as_s().expect("a room").clone());
    }
    rooms
}
