//! What has to happen by the clock: heart-beats, silence, time-outs, and the end of a run.

use std::rc::Rc;
use std::time::Duration;

use roomtone_shared::domain::time::Timestamp;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use super::Shard;
use crate::session::Session;

/// How often a shard looks at the clock.
pub(super) const EVERY: Duration = Duration::from_millis(250);
/// How often one that drains looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The time from one session that a shard closes to the next, where there is as much: whoever comes back elsewhere asks the stores
/// for a mark and a membership, and they have all others to serve meanwhile.
const CLOSE_EVERY: Duration = Duration::from_millis(50);

impl Shard {
    /// Looks after every session.
    pub(super) fn tick(self: &Rc<Self>) {
        let (now, at) = (Instant::now(), Timestamp::now());
        let (mut backlog_bytes, mut backlogged) = (0, 0);
        for session in self.all_sessions() {
            session.tick(now, at);
            let bytes = session.backlog_bytes();
            backlog_bytes += bytes;
            backlogged += u64::from(bytes > 0);
        }
        self.counts.backlog_bytes.set(backlog_bytes as u64);
        self.counts.backlogged.set(backlogged);
        self.counts.rooms.set(self.rooms.borrow().heard() as u64);
    }

    /// Every session, the oldest first: so that what happens is the same where everything before it was.
    pub(super) fn all_sessions(&self) -> Vec<Rc<Session>> {
        let sessions = self.sessions.borrow();
        let mut all: Vec<_> = sessions
            .iter()
            .map(|(id, session)| (*id, session))
            .collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all.into_iter()
            .map(|(_, session)| session.clone())
            .collect()
    }

    /// Closes every session, one after another, so that their clients do not all come to the other nodes at once; waits until
    /// each has said its last or the time for that is over. Meanwhile everything goes on for those who are still there.
    pub(super) async fn drain(self: &Rc<Self>, end: &mut watch::Receiver<u64>) {
        let mut open = self.all_sessions();
        let (begun, all) = (Instant::now(), open.len());
        let time = Duration::from_millis(self.node.settings.drain_ms);
        // Nothing reaches anybody on a node that is cut off.
        let spread = match *self.node.cut_off.borrow() {
            true => Duration::ZERO,
            false => spread(all, time),
        };
        let mut ticked = begun;
        while !self.sessions.borrow().is_empty() && begun.elapsed() < time {
            let closed = due(all, begun.elapsed(), spread);
            while all - open.len() < closed
                && let Some(session) = open.pop()
            {
                session.close_for_restart();
            }
            let more = end.wait_for(|end| *end > self.cursor.get());
            if timeout(LOOK_EVERY, more).await.is_ok() {
                self.take_entries();
                yield_now().await;
            }
            if ticked.elapsed() >= EVERY {
                ticked = Instant::now();
                self.tick();
            }
        }
    }
}

/// The time over which so many sessions are closed: half of all there is at most, the rest is for what they have still to say.
fn spread(sessions: usize, drain: Duration) -> Duration {
    let sessions = u32::try_from(sessions).unwrap_or(u32::MAX);
    CLOSE_EVERY.saturating_mul(sessions).min(drain / 2)
}

/// How many of the sessions have to be closed by now; the first at once.
fn due(sessions: usize, elapsed: Duration, spread: Duration) -> usize {
    if elapsed >= spread {
        return sessions;
    }
    let part = elapsed.as_secs_f64() / spread.as_secs_f64();
    // A count of sockets is exact in it, and the part is below 1.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let due = (sessions as f64 * part) as usize;
    due.saturating_add(1).min(sessions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAIN: Duration = Duration::from_secs(10);

    #[test]
    fn few_are_closed_at_twenty_a_second_and_many_in_half_the_time() {
        assert_eq!(spread(0, DRAIN), Duration::ZERO);
        assert_eq!(spread(10, DRAIN), Duration::from_millis(500));
        assert_eq!(spread(100, DRAIN), Duration::from_secs(5));
        assert_eq!(spread(1_000_000, DRAIN), Duration::from_secs(5));
    }

    #[test]
    fn they_are_closed_evenly_and_none_is_left() {
        let spread = Duration::from_secs(1);
        let at = |ms| due(200, Duration::from_millis(ms), spread);
        assert_eq!(
            [at(0), at(500), at(999), at(1_000), at(9_000)],
            [1, 101, 200, 200, 200]
        );
        assert_eq!(due(0, Duration::ZERO, Duration::ZERO), 0);
    }
}
