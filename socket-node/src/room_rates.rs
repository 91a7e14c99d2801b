//! How many messages this node's users together say in each room.

use std::sync::{Mutex, PoisonError};

use roomtone_shared::domain::rate::{Buckets, Rate, Refused};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};

/// Rooms that are counted at once.
const ROOMS_MAX: usize = 100_000;

/// What each room still takes.
pub(crate) struct RoomRates(Mutex<Buckets<RoomId>>);

impl RoomRates {
    pub(crate) fn new(rate: Rate) -> Self {
        Self(Mutex::new(Buckets::new(rate, ROOMS_MAX)))
    }

    /// Takes messages that come as one record.
    ///
    /// # Errors
    /// `TooFast`; then none of them is counted.
    pub(crate) fn take(&self, room: RoomId, messages: usize, now_ms: u64) -> Result<()> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = buckets.take(room, messages, now_ms);
        let Rate { per_s, burst } = buckets.rate();
        taken.map_err(|why| match why {
            Refused::For(retry_after_s) => Error::TooFast {
                what: format!("this room gets at most {per_s} messages a second, {burst} at once"),
                retry_after_s,
            },
            Refused::TooMany => Error::TooFast {
                what: "people talk in too many rooms at once".into(),
                retry_after_s: 1,
            },
        })
    }
}
