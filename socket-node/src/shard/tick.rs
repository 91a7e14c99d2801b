//! What has to happen by the clock: heart-beats, silence, time-outs, and the end of a run.

use std::rc::Rc;
use std::time::{Duration, Instant};

use roomtone_shared::domain::time::Timestamp;

use super::Shard;
use crate::session::Session;

/// How often a shard looks at the clock.
pub(super) const EVERY: Duration = Duration::from_millis(250);

impl Shard {
    /// Looks after every session.
    pub(super) fn tick(self: &Rc<Self>) {
        let (now, at) = (Instant::now(), Timestamp::now());
        let sessions: Vec<Rc<Session>> = self.sessions.borrow().values().cloned().collect();
        sessions.iter().for_each(|session| session.tick(now, at));
    }

    /// Closes every session, and waits until each has said its last or the time for that is over.
    pub(super) async fn drain(self: &Rc<Self>) {
        let sessions: Vec<Rc<Session>> = self.sessions.borrow().values().cloned().collect();
        sessions
            .iter()
            .for_each(|session| session.close_for_restart());
        let until = Instant::now() + Duration::from_millis(self.node.settings.drain_ms);
        while !self.sessions.borrow().is_empty() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
