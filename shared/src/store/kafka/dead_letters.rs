//! The topic of dead letters: what stands in the log and cannot be read, set aside for somebody to look at.
//!
//! It is named after the log, with `.dead-letters` behind. A record's key says where the letter stands in the log, as
//! `partition/offset`, and its value is what stands there. One letter may be there twice: whoever records the log again sets it
//! aside again, under the same key.

use super::{KafkaLog, KafkaSettings, RECORD_BYTES_MAX};
use crate::domain::event::Partition;
use crate::error::Result;
use crate::store::Log;

/// What the key and the record around it may take of a record's octets.
const AROUND_BYTES: usize = 1 << 10;

/// The way into the topic.
pub(in crate::store) struct DeadLetters {
    log: KafkaLog,
    topic: String,
}

impl DeadLetters {
    /// Those of this log.
    pub(in crate::store) fn new(log: KafkaLog) -> Self {
        let topic = topic(log.settings());
        Self { log, topic }
    }

    /// Sets aside what stands at this place, and waits until it is there. Of octets that are more than a record takes, which only
    /// a stranger's can be, these are the first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn put(
        &self,
        partition: Partition,
        offset: u64,
        octets: &[u8],
    ) -> Result<()> {
        let key = format!("{}/{offset}", partition.0);
        let most = octets.len().min(RECORD_BYTES_MAX as usize - AROUND_BYTES);
        self.log.publish(&self.topic, &key, &octets[..most]).await
    }
}

/// The topic of a log's dead letters.
pub(super) fn topic(settings: &KafkaSettings) -> String {
    format!("{}.dead-letters", settings.topic)
}
