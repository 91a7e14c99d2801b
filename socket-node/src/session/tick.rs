//! What a session owes the clock.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use roomtone_shared::domain::time::Timestamp;
use tokio::time::Instant;

use super::Session;
use super::fault::Fault;
use crate::ws;

/// How much earlier than agreed a heart-beat goes out, for the clock is looked at now and then only.
const EARLY: Duration = Duration::from_millis(500);

impl Session {
    /// Looks at the clock: `now`, of which `at` is the time of day.
    pub(crate) fn tick(self: &Rc<Self>, now: Instant, at: Timestamp) {
        if self.over.get() {
            if now > self.until.get() {
                self.ended.say();
            }
            return;
        }
        let settings = &self.shard.node.settings;
        let now_ms = self.shard.node.ms_at(now);
        // While something is done for the client nothing is read, and its silence begins anew behind that.
        if self.busy.get() {
            self.last_read_ms.set(now_ms);
        }
        let silent_ms = now_ms.saturating_sub(self.last_read_ms.get());
        let stuck = self
            .outbox
            .stuck_since()
            .map(|since| now.saturating_duration_since(since));
        if stuck.is_some_and(|stuck| stuck > Duration::from_millis(settings.slow_close_ms)) {
            self.counts().slow.add(1);
            return self.drop_socket("too slow");
        }
        if self.user.get().is_none() && !self.echo && now > self.until.get() {
            return self.fail(&Fault::new(
                "not connected in time",
                format!("CONNECT must come within {} s", settings.connect_ms / 1000),
            ));
        }
        if silent_ms > settings.silence_close_ms {
            self.counts().silent.add(1);
            return self.drop_socket("silent");
        }
        if self.hears_ms.get() > 0 && silent_ms > 2 * u64::from(self.hears_ms.get()) {
            return self.fail(&Fault::new(
                "no heart-beat",
                "nothing came for twice the agreed time",
            ));
        }
        if at.ms() >= self.expires_at_ms.get() {
            return self.fail(&Fault::new(
                "token has run out",
                "log in again, or refresh the token in time",
            ));
        }
        self.rest();
        self.beat(now, silent_ms);
    }

    fn beat(self: &Rc<Self>, now: Instant, silent_ms: u64) {
        let mut out = BytesMut::new();
        let beats = Duration::from_millis(self.beats_ms.get().into());
        if !beats.is_zero() && now.saturating_duration_since(self.last_sent()) + EARLY >= beats {
            ws::put_frame(&mut out, ws::Opcode::Text, |out| {
                out.extend_from_slice(b"\n")
            });
        }
        if silent_ms >= self.shard.node.settings.silence_ping_ms && !self.pinged.replace(true) {
            ws::put_ping(&mut out, b"");
        }
        if !out.is_empty() {
            self.send(out.freeze());
        }
    }

    /// Closes a socket whose other side takes nothing, or says nothing: it is told, and not waited for.
    fn drop_socket(self: &Rc<Self>, reason: &'static str) {
        tracing::debug!(session = self.id, reason, "socket dropped");
        self.close(Bytes::new(), ws::close_code::POLICY_VIOLATION, reason);
        self.over.set(true);
        self.until.set(Instant::now());
        self.ended.say();
    }
}
