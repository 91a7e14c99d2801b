//! Putting records into topics: queued in the order of the calls, acknowledged on a thread of its own.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use tokio::sync::oneshot;

use super::appends::Appends;
use super::{ANSWER, KafkaSettings, RECORD_BYTES_MAX, client, record};
use crate::domain::event::{AppendId, Partition};
use crate::domain::time::Timestamp;

/// Records that wait to be acknowledged; beyond, appends are refused.
const QUEUE_RECORDS_MAX: &str = "20000";
/// Kilobytes of them.
const QUEUE_KBYTES_MAX: &str = "65536";
/// Milliseconds for which records are gathered into one request.
const LINGER_MS: &str = "1";
/// Milliseconds before a record is sent again, first and at most.
const RETRY_MS: (&str, &str) = ("20", "200");
/// How long a client that can send no more stays before there is another.
const RENEWAL: Duration = Duration::from_secs(1);
/// How long the thread waits for acknowledgements before it looks at the rest of its work.
const POLL: Duration = Duration::from_millis(100);

/// Who waits for a delivery.
pub(super) enum Waiting {
    /// An append that is answered when its record is read back: only a failure is news.
    ReadBack(AppendId),
    /// Somebody who is told where the record is.
    Delivered(oneshot::Sender<Option<(u64, Timestamp)>>),
}

/// What comes of deliveries.
struct Deliveries {
    appends: Arc<Appends>,
    failures: Arc<Failures>,
}

/// Deliveries that failed since that was last logged: there may be many at once.
#[derive(Default)]
struct Failures(Mutex<Option<(u64, KafkaError)>>);

impl Failures {
    fn add(&self, why: &KafkaError) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, _) = failures.get_or_insert_with(|| (0, why.clone()));
        *count += 1;
    }

    fn log(&self) {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((count, why)) = failures {
            tracing::warn!(count, first = %why, "records were not appended");
        }
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, why: KafkaError, said: &str) {
        client::error(&why, said);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Waiting>) {
        if let Err((why, _)) = result {
            self.failures.add(why);
        }
        match (*waiting, result) {
            (Waiting::ReadBack(_), Ok(_)) => {}
            (Waiting::ReadBack(id), Err(_)) => self.appends.failed(id),
            (Waiting::Delivered(told), result) => {
                let place = result.as_ref().ok().and_then(|message| {
                    let offset = u64::try_from(message.offset()).ok()?;
                    Some((offset, record::time(message)))
                });
                // Whoever waited may be gone.
                let _ = told.send(place);
            }
        }
    }
}

type Client = BaseProducer<Deliveries>;

/// The way into the topics.
pub(super) struct Producer {
    settings: KafkaSettings,
    appends: Arc<Appends>,
    failures: Arc<Failures>,
    client: RwLock<Arc<Client>>,
}

impl Producer {
    /// Starts it, with the thread that hears of deliveries. The thread ends after the last of what was queued,
    /// once nobody else has the producer.
    ///
    /// # Errors
    /// Where the client or the thread cannot be made.
    pub(super) fn start(settings: KafkaSettings, appends: Arc<Appends>) -> KafkaResult<Arc<Self>> {
        let failures = Arc::default();
        let client = make(&settings, &appends, &failures)?;
        let producer = Arc::new(Self {
            settings,
            appends,
            failures,
            client: RwLock::new(Arc::new(client)),
        });
        let run = producer.clone();
        std::thread::Builder::new()
            .name("kafka-producer".into())
            .spawn(move || run.run())
            .map_err(|why| KafkaError::ClientCreation(why.to_string()))?;
        Ok(producer)
    }

    /// Queues a record; records of one partition are written in the order of these calls. Where there is no room
    /// it is refused at once, and `waiting` is not told of it.
    pub(super) fn send(&self, record: BaseRecord<'_, str, [u8], Box<Waiting>>) -> bool {
        match self.client().send(record) {
            Ok(()) => true,
            Err((why, _)) => {
                self.failures.add(&why);
                false
            }
        }
    }

    /// The offset after a partition's last record, by the connections that there are. It waits.
    ///
    /// # Errors
    /// Where that cannot be known now.
    pub(super) fn end(&self, partition: Partition) -> KafkaResult<u64> {
        let (topic, number) = (&self.settings.topic, record::number(partition));
        let client = self.client();
        let (_, end) = client.client().fetch_watermarks(topic, number, ANSWER)?;
        record::offset(end)
    }

    fn client(&self) -> Arc<Client> {
        self.client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn run(self: Arc<Self>) {
        let mut begun = Instant::now();
        while Arc::strong_count(&self) > 1 {
            let client = self.client();
            client.poll(POLL);
            self.appends.forget(Instant::now());
            self.failures.log();
            if begun.elapsed() < RENEWAL {
                continue;
            }
            if let Some((_, why)) = client.client().fatal_error() {
                self.renew(&why);
                begun = Instant::now();
            }
        }
        let last = Duration::from_millis(self.settings.append_ms);
        if let Err(why) = self.client().flush(last) {
            tracing::warn!(%why, "the last records were perhaps not appended");
        }
        self.failures.log();
    }

    /// A client that met such an error never sends again. What it had queued has failed; another one goes on.
    fn renew(&self, why: &str) {
        tracing::error!(why, "Kafka's producer is begun anew");
        match make(&self.settings, &self.appends, &self.failures) {
            Ok(client) => {
                let mut current = self.client.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(client);
            }
            Err(why) => tracing::error!(%why, "Kafka's producer cannot be begun anew"),
        }
    }
}

fn make(
    settings: &KafkaSettings,
    appends: &Arc<Appends>,
    failures: &Arc<Failures>,
) -> KafkaResult<Client> {
    settings
        .client()
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", LINGER_MS)
        .set("message.timeout.ms", settings.append_ms.to_string())
        .set("message.max.bytes", RECORD_BYTES_MAX.to_string())
        .set("queue.buffering.max.messages", QUEUE_RECORDS_MAX)
        .set("queue.buffering.max.kbytes", QUEUE_KBYTES_MAX)
        .set("retry.backoff.ms", RETRY_MS.0)
        .set("retry.backoff.max.ms", RETRY_MS.1)
        .create_with_context(Deliveries {
            appends: appends.clone(),
            failures: failures.clone(),
        })
}
