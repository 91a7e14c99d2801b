//! The log as the seam has it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::BaseRecord;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::appends::{Appends, Judging, RecordedVerdicts};
use super::producer::{Producer, Waiting};
use super::{KafkaSettings, follow, offsets, reading, record, survey};
use crate::domain::event::{AppendId, Fact, Partition};
use crate::domain::judge::Judged;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::{Appended, Appending, Begin, Following, Log, Records, failed};

/// Milliseconds for which a record that was acknowledged may stay unread by this process's own reader.
const READ_BACK_MS: u64 = 10_000;

/// The log on Kafka. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct KafkaLog {
    settings: Arc<KafkaSettings>,
    epoch: u16,
    partitions: u16,
    producer: Arc<Producer>,
    appends: Arc<Appends>,
    judging: Judging,
}

impl KafkaLog {
    /// A log of this epoch and with so many partitions; `judging` is who tells what became of appends. Brokers
    /// that are away are no error here.
    ///
    /// # Errors
    /// Where the producer cannot be made.
    pub(in crate::store) fn new(
        settings: KafkaSettings,
        (epoch, partitions): (u16, u16),
        judging: Judging,
    ) -> Result<Self, KafkaError> {
        let patience = settings.append_ms.saturating_add(READ_BACK_MS);
        let appends = Arc::new(Appends::new(Duration::from_millis(patience)));
        let producer = Producer::start(settings.clone(), appends.clone())?;
        Ok(Self {
            settings: Arc::new(settings),
            epoch,
            partitions,
            producer,
            appends,
            judging,
        })
    }

    /// What is to be known of Kafka.
    pub(super) fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// The offset after a partition's last record.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn end_in(&self, partition: Partition) -> Result<u64> {
        self.ask(move |log| log.producer.end(partition)).await
    }

    fn send(&self, partition: Partition, fact: &Fact, id: AppendId, waiting: Waiting) -> bool {
        let value = match serde_json::to_vec(fact) {
            Ok(value) => value,
            Err(why) => {
                failed("the log", &why);
                return false;
            }
        };
        let key = fact.room().map(|room| room.to_string());
        let mut record =
            BaseRecord::<str, [u8], _>::with_opaque_to(&self.settings.topic, Box::new(waiting))
                .partition(record::number(partition))
                .headers(record::headers(id, fact.trace()))
                .payload(&value);
        record.key = key.as_deref();
        self.producer.send(record)
    }

    /// Appends, and lets this process's reader say what became of it.
    fn append_for_reader(&self, partition: Partition, fact: &Fact) -> Appending {
        let id = self.appends.id();
        let Some(appending) = self.appends.wait(id) else {
            return Appending::refused();
        };
        if !self.send(partition, fact, id, Waiting::ReadBack(id)) {
            self.appends.failed(id);
        }
        appending
    }

    /// Appends, and lets the recorder say what became of it.
    fn append_for_recorder(
        &self,
        partition: Partition,
        fact: Fact,
        verdicts: Arc<dyn RecordedVerdicts>,
    ) -> Appending {
        let Ok(runtime) = Handle::try_current() else {
            return Appending::refused();
        };
        let (told, delivered) = oneshot::channel();
        let id = self.appends.id();
        if !self.send(partition, &fact, id, Waiting::Delivered(told)) {
            return Appending::refused();
        }
        let (answer, appending) = oneshot::channel();
        runtime.spawn(async move {
            let appended = async {
                let place = delivered.await.ok().flatten();
                let (offset, at) = place.ok_or(Error::Unavailable("the log"))?;
                let (verdicts, notice) = verdicts.of(partition, offset, &fact).await?;
                Ok(Appended {
                    offset,
                    at,
                    verdicts,
                    notice,
                })
            };
            // Whoever waited may be gone.
            let _ = answer.send(appended.await);
        });
        Appending::new(appending)
    }

    /// Asks the brokers something, on a thread that may wait.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T> {
        let log = self.clone();
        let answer = tokio::task::spawn_blocking(move || question(&log)).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(why)) => Err(failed("the log", &why)),
            Err(why) => Err(failed("the log", &why)),
        }
    }

    fn all(&self) -> Vec<Partition> {
        (0..self.partitions).map(Partition).collect()
    }
}

#[async_trait]
impl Log for KafkaLog {
    fn epoch(&self) -> u16 {
        self.epoch
    }

    fn partitions(&self) -> u16 {
        self.partitions
    }

    fn append_to(&self, partition: Partition, fact: Fact) -> Appending {
        match &self.judging {
            Judging::Recorder(verdicts) => {
                self.append_for_recorder(partition, fact, verdicts.clone())
            }
            Judging::Reader => self.append_for_reader(partition, &fact),
        }
    }

    async fn end(&self, room: RoomId) -> Result<u64> {
        self.end_in(self.partition(room)).await
    }

    async fn ends(&self) -> Result<Vec<u64>> {
        let all = self.all();
        self.ask(move |log| offsets::ends(&log.settings, &all))
            .await
    }

    async fn first_since(&self, times: &[(Partition, Timestamp)]) -> Result<Vec<u64>> {
        let times = times.to_vec();
        self.ask(move |log| offsets::first_since(&log.settings, &times))
            .await
    }

    async fn times_before(&self, offsets: &[(Partition, u64)]) -> Result<Vec<Option<Timestamp>>> {
        let found = survey(&self.settings, offsets).await?;
        Ok(found.into_iter().map(|found| found.at).collect())
    }

    async fn open(&self, from: &[(Partition, u64)]) -> Result<Records> {
        reading::open(&self.settings, from).map_err(|why| failed("the log", &why))
    }

    async fn follow(&self, begin: Begin) -> Result<Following> {
        follow::follow(self, &self.settings, begin).await
    }

    fn judged(&self, judged: &Judged) {
        self.appends.judged(judged);
    }

    async fn publish(&self, topic: &str, key: &str, value: &[u8]) -> Result<()> {
        let (told, delivered) = oneshot::channel();
        let waiting = Box::new(Waiting::Delivered(told));
        let record = BaseRecord::with_opaque_to(topic, waiting)
            .key(key)
            .payload(value);
        self.producer.send(record);
        let delivered = delivered.await.ok().flatten();
        delivered.map(|_| ()).ok_or(Error::Unavailable("the log"))
    }
}
