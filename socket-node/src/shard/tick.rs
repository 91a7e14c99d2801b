//! What has to happen by the clock: heart-beats, silence, time-outs, and the end of a run.

use std::rc::Rc;
use std::time::{Duration, Instant};

use roomtone_shared::domain::time::Timestamp;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::Shard;
use crate::session::Session;

/// How often a shard looks at the clock.
pub(super) const EVERY: Duration = Duration::from_millis(250);
/// How often one that drains looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Shard {
    /// Looks after every session.
    pub(super) fn tick(self: &Rc<Self>) {
        let (now, at) = (Instant::now(), Timestamp::now());
        let sessions: Vec<Rc<Session>> = self.sessions.borrow().values().cloned().collect();
        sessions.iter().for_each(|session| session.tick(now, at));
    }

    /// Closes every session, and waits until each has said its last or the time for that is over. Meanwhile entries are
    /// taken: some wait for one.
    pub(super) async fn drain(self: &Rc<Self>, end: &mut watch::Receiver<u64>) {
        let sessions: Vec<Rc<Session>> = self.sessions.borrow().values().cloned().collect();
        sessions
            .iter()
            .for_each(|session| session.close_for_restart());
        let until = Instant::now() + Duration::from_millis(self.node.settings.drain_ms);
        while !self.sessions.borrow().is_empty() && Instant::now() < until {
            let more = end.wait_for(|end| *end > self.cursor.get());
            if timeout(LOOK_EVERY, more).await.is_ok() {
                self.take_entries();
                yield_now().await;
            }
        }
    }
}
