//! The log on a broker that the library plays itself. What takes a real one stands in the conformance suite.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;
use crate::domain::event::{Fact, NodeId, Partition, Record};
use crate::domain::judge::{Judge, Verdict};
use crate::domain::message::MessageId;
use crate::error::{Error, Result};
use crate::store::Log;

type Cluster = MockCluster<'static, DefaultProducerContext>;

const TOPIC: &str = "log";
const PARTITIONS: u16 = 2;
/// How long something that surely comes is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says of every record that it came to nothing.
struct Nothing;

#[async_trait::async_trait]
impl RecordedVerdicts for Nothing {
    async fn of(
        &self,
        _: Partition,
        _: u64,
        _: &Fact,
    ) -> Result<(Vec<Verdict>, Option<MessageId>)> {
        Ok((vec![], None))
    }
}

fn cluster() -> (Cluster, KafkaSettings) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS.into(), 1).unwrap();
    let settings = KafkaSettings {
        brokers: cluster.bootstrap_servers(),
        topic: TOPIC.into(),
        partitions: PARTITIONS,
        replication: 1,
        min_insync: 1,
        append_ms: 3_000,
    };
    (cluster, settings)
}

fn log(settings: &KafkaSettings, judging: Judging) -> KafkaLog {
    KafkaLog::new(settings.clone(), (1, PARTITIONS), judging).unwrap()
}

fn recorded() -> Judging {
    Judging::Recorder(Arc::new(Nothing))
}

fn fact(number: u64) -> Fact {
    Fact::NodeGone(NodeId(number))
}

/// The next `count` records of a stream.
async fn read(records: &mut crate::store::Records, count: usize) -> Vec<Arc<Record>> {
    let mut read = vec![];
    while read.len() < count {
        let next = tokio::time::timeout(PATIENCE, records.next()).await;
        read.extend(next.unwrap().unwrap());
    }
    read
}

#[tokio::test]
async fn appends_of_a_partition_lie_in_the_order_of_the_calls() {
    let (_cluster, settings) = cluster();
    let log = log(&settings, recorded());
    let appends: Vec<_> = (0..1_000)
        .map(|n| log.append_to(Partition(u16::from(n % 4 == 0)), fact(n)))
        .collect();
    let mut records = log.open(&Partition::of_each([0, 0])).await.unwrap();
    let read = read(&mut records, appends.len()).await;
    for (n, append) in (0..).zip(appends) {
        let appended = append.await.unwrap();
        let record = read.iter().find(|record| record.fact == fact(n)).unwrap();
        assert_eq!(record.partition, Partition(u16::from(n % 4 == 0)));
        let before_it = if n % 4 == 0 { n / 4 } else { n - n / 4 - 1 };
        assert_eq!((record.offset, appended.offset), (before_it, before_it));
    }
}

#[tokio::test]
async fn an_append_of_a_reader_ends_when_it_is_read_back() {
    let (_cluster, settings) = cluster();
    let log = log(&settings, Judging::Reader);
    let mut append = log.append_to(Partition(1), fact(7));
    let mut records = log.open(&[(Partition(1), 0)]).await.unwrap();
    let record = read(&mut records, 1).await.remove(0);
    assert!(futures_util::poll!(&mut append).is_pending());
    log.judged(&Judge::new(1).judge(record.clone()));
    let appended = append.await.unwrap();
    assert_eq!((appended.offset, appended.at), (0, record.at));
}

#[tokio::test]
async fn what_cannot_be_read_keeps_its_place() {
    let (_cluster, settings) = cluster();
    let log = log(&settings, recorded());
    log.append_to(Partition(0), fact(0)).await.unwrap();
    let stranger: BaseProducer = settings.client().create().unwrap();
    for value in ["no record", "", "{\"nodeGone\":\"x\"}"] {
        let record = BaseRecord::<(), str>::to(TOPIC).partition(0).payload(value);
        assert!(stranger.send(record).is_ok());
    }
    stranger.flush(PATIENCE).unwrap();
    log.append_to(Partition(0), fact(4)).await.unwrap();
    let mut records = log.open(&[(Partition(0), 0)]).await.unwrap();
    let read = read(&mut records, 5).await;
    let unreadable = |octets: &str| Fact::Unreadable(octets.as_bytes().into());
    let said = [
        fact(0),
        unreadable("no record"),
        unreadable(""),
        unreadable("{\"nodeGone\":\"x\"}"),
        fact(4),
    ];
    for ((offset, said), record) in (0..).zip(said).zip(read) {
        assert_eq!((record.offset, &record.fact), (offset, &said));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_written() {
    let (_cluster, settings) = cluster();
    for judging in [recorded(), Judging::Reader] {
        let log = log(&settings, judging);
        let refused = Err(Error::Unavailable("the log"));
        let unreadable = Fact::Unreadable([].into());
        assert_eq!(log.append_to(Partition(0), unreadable).await, refused);
        assert_eq!(log.ends().await.unwrap(), [0, 0]);
    }
}

#[tokio::test]
async fn a_reader_that_stands_past_the_end_is_told_so() {
    let (_cluster, settings) = cluster();
    let log = log(&settings, recorded());
    log.append_to(Partition(0), fact(0)).await.unwrap();
    let mut records = log.open(&Partition::of_each([5, 0])).await.unwrap();
    let end = tokio::time::timeout(PATIENCE, records.next()).await;
    assert!(end.unwrap().is_none());
}

#[tokio::test]
async fn a_broker_that_does_not_answer_refuses_in_time_and_order_goes_on() {
    let (cluster, mut settings) = cluster();
    settings.append_ms = 1_500;
    let log = log(&settings, recorded());
    log.append_to(Partition(0), fact(0)).await.unwrap();
    cluster.broker_down(1).unwrap();
    let begun = Instant::now();
    let refused = log.append_to(Partition(0), fact(1)).await;
    assert_eq!(refused, Err(Error::Unavailable("the log")));
    assert!(begun.elapsed() < PATIENCE);
    cluster.broker_up(1).unwrap();
    let begun = Instant::now();
    while log.append_to(Partition(0), fact(2)).await.is_err() {
        assert!(begun.elapsed() < PATIENCE);
    }
    let mut records = log.open(&[(Partition(0), 0)]).await.unwrap();
    let read = read(&mut records, 2).await;
    assert_eq!([&read[0].fact, &read[1].fact], [&fact(0), &fact(2)]);
}

#[tokio::test]
async fn a_producer_that_can_send_no_more_is_begun_anew() {
    let (cluster, settings) = cluster();
    let log = log(&settings, recorded());
    log.append_to(Partition(0), fact(0)).await.unwrap();
    let lost = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    cluster.request_errors(RDKafkaApiKey::Produce, &[lost]);
    assert!(log.append_to(Partition(0), fact(1)).await.is_err());
    assert!(log.append_to(Partition(0), fact(2)).await.is_err());
    let begun = Instant::now();
    while log.append_to(Partition(0), fact(3)).await.is_err() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    let mut records = log.open(&[(Partition(0), 0)]).await.unwrap();
    let read = read(&mut records, 2).await;
    assert_eq!([&read[0].fact, &read[1].fact], [&fact(0), &fact(3)]);
}

#[tokio::test]
async fn a_log_that_is_dropped_still_appends_what_it_was_given() {
    let (_cluster, settings) = cluster();
    let log = log(&settings, recorded());
    let mut records = log.open(&Partition::of_each([0, 0])).await.unwrap();
    let append = log.append_to(Partition(1), fact(0));
    drop(log);
    assert_eq!(read(&mut records, 1).await[0].fact, fact(0));
    assert_eq!(append.await.unwrap().offset, 0);
}
