//! How far history is behind the log, of those parts that this process records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::event::Partition;
use crate::domain::time::Timestamp;

/// The parts, each with the time of the first record that waits to be recorded.
#[derive(Debug, Default)]
pub struct RecorderLag(Mutex<BTreeMap<u16, Option<Timestamp>>>);

impl RecorderLag {
    fn parts(&self) -> MutexGuard<'_, BTreeMap<u16, Option<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many parts are recorded here.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.parts().len()
    }

    /// The age in milliseconds of the oldest record that was read and is not recorded, by the log's clock and this machine's;
    /// 0 where all is.
    #[must_use]
    pub fn ms(&self) -> u64 {
        let oldest = self.parts().values().flatten().min().copied();
        oldest.map_or(0, |at| Timestamp::now().ms().saturating_sub(at.ms()))
    }
}

/// A part while it is recorded.
pub(super) struct Share {
    lag: Arc<RecorderLag>,
    partition: Partition,
}

impl Share {
    pub(super) fn new(lag: Arc<RecorderLag>, partition: Partition) -> Self {
        lag.parts().insert(partition.0, None);
        Self { lag, partition }
    }

    /// The first record that waits is of this time; none where none does.
    pub(super) fn waits_since(&self, at: Option<Timestamp>) {
        self.lag.parts().insert(self.partition.0, at);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.lag.parts().remove(&self.partition.0);
    }
}
