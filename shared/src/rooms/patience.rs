//! How long a change waits for somebody else's pending event before it brings that in itself.
//!
//! Whoever made the change is most likely about to. Where many change the same user's memberships at
//! once, each would otherwise write the same event again.

use std::time::Duration;

use crate::domain::membership::Placed;
use crate::domain::room::RoomId;

/// Waits for one event: 1, 2, 4, 8 and 16 ms, and no longer.
const WAITS_MAX: u32 = 5;

/// What was waited for last, and how often.
#[derive(Default)]
pub(super) struct Patience {
    event: Option<(RoomId, u64)>,
    waits: u32,
}

impl Patience {
    /// Waits a little for these events; false, at once, where that was done often enough.
    pub(super) async fn wait_for(&mut self, pending: &[Placed]) -> bool {
        let event = pending.first().map(|(room, m)| (*room, m.version));
        if event != self.event {
            (self.event, self.waits) = (event, 0);
        }
        if self.waits >= WAITS_MAX {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1 << self.waits)).await;
        self.waits += 1;
        true
    }
}
