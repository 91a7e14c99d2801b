//! The topic by which a search server that reads Kafka hears of rooms.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::store::Log;

/// The topic of rooms to be indexed. Cheap to clone.
#[derive(Clone)]
pub struct IndexTopic {
    log: Arc<dyn Log>,
    topic: String,
}

impl IndexTopic {
    /// The topic with this name, on the brokers of the log.
    pub(in crate::store) fn new(log: Arc<dyn Log>, topic: String) -> Self {
        Self { log, topic }
    }

    /// Puts an entry in, and waits until it is there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn put(&self, key: &str, entry: &[u8]) -> Result<()> {
        self.log.publish(&self.topic, key, entry).await
    }
}

impl fmt::Debug for IndexTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IndexTopic").field(&self.topic).finish()
    }
}
