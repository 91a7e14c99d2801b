//! A node's figures, as Prometheus reads them.

use std::fmt::{Display, Write};

use roomtone_shared::error::KINDS;

use crate::counts::{Count, Counts, Level};
use crate::latency::{self, Summed};
use crate::socket_node::SocketNode;

/// How the recorder beside a node stands.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// Parts of the log that it records.
    pub parts: usize,
    /// Age of the oldest record that it has not recorded, in milliseconds.
    pub lag_ms: u64,
}

/// A figure's name, what it is about, and its value.
type Figure = (&'static str, &'static str, u64);

/// What is told of a node before it runs, for whoever waits for that.
#[must_use]
pub fn metrics_before_start() -> String {
    let mut text = String::new();
    put(&mut text, (READY.0, "gauge"), READY.1, 0);
    text
}

/// The figure that says whether a node runs.
const READY: (&str, &str) = ("ready", "Whether it may be sent sockets");

impl SocketNode {
    /// All figures, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self, recording: Recording) -> String {
        let mut text = String::new();
        for (name, about, value) in self.gauges(recording) {
            put(&mut text, (name, "gauge"), about, value);
        }
        for (name, about, ms) in self.ages_ms(recording) {
            put(
                &mut text,
                (name, "gauge"),
                about,
                seconds(ms.saturating_mul(1_000)),
            );
        }
        for (name, about, value) in self.counters() {
            put(&mut text, (name, "counter"), about, value);
        }
        self.put_refusals(&mut text);
        let latency = latency::sum(self.counts().map(|counts| &counts.latency));
        put_latency(&mut text, &latency);
        text
    }

    fn gauges(&self, recording: Recording) -> [Figure; 8] {
        let (taken, read) = (self.node.ring.slowest(), self.node.ring.end());
        let level = |of: fn(&Counts) -> &Level| self.sum(|counts| of(counts).get());
        let waiting = "Records of the log that were read, and that not every shard has taken";
        [
            ("sockets", "Open sockets", self.sockets() as u64),
            (READY.0, READY.1, self.is_ready().into()),
            (
                "rooms",
                "Rooms that somebody listens to here",
                level(|c| &c.rooms),
            ),
            (
                "outbox_bytes",
                "Octets that sockets have not taken yet",
                level(|c| &c.backlog_bytes),
            ),
            (
                "outbox_sockets",
                "Sockets that have not taken all yet",
                level(|c| &c.backlogged),
            ),
            ("records_waiting", waiting, read.saturating_sub(taken)),
            (
                "marks_waiting",
                "Marks that are still to be written",
                self.node.marks.waiting() as u64,
            ),
            (
                "recorder_parts",
                "Parts of the log that are recorded here",
                recording.parts as u64,
            ),
        ]
    }

    fn ages_ms(&self, recording: Recording) -> [Figure; 3] {
        let figures = &self.node.figures;
        let leased_at_ms = figures.leased_at_ms.get();
        let log = "Age of the newest record when it was read, by the log's clock and this node's";
        let lease = "Since the presence store last heard that this node lives";
        let recorder = "Age of the oldest record that was read here and is not in history";
        [
            ("log_lag_seconds", log, figures.log_lag_ms.get()),
            (
                "lease_age_seconds",
                lease,
                self.node.now_ms().saturating_sub(leased_at_ms),
            ),
            ("recorder_lag_seconds", recorder, recording.lag_ms),
        ]
    }

    fn counters(&self) -> [Figure; 10] {
        let figures = &self.node.figures;
        let count = |of: fn(&Counts) -> &Count| self.sum(|counts| of(counts).get());
        let taken = "Records of the log that every shard has taken";
        let unreadable = "Records of the log that could not be read, and were passed over";
        let skips = "Times that a socket was skipped, as its backlog was full";
        let slow = "Sockets closed because they took nothing for too long";
        let silent = "Sockets closed because they said nothing for too long";
        [
            ("records_taken_total", taken, self.node.ring.slowest()),
            (
                "records_unreadable_total",
                unreadable,
                figures.unreadable.get(),
            ),
            (
                "deliveries_total",
                "Messages given to sockets, for each of them",
                count(|c| &c.deliveries),
            ),
            ("skips_total", skips, count(|c| &c.skips)),
            (
                "gaps_total",
                "Holes that clients were told of",
                count(|c| &c.gaps),
            ),
            (
                "resumes_total",
                "Subscriptions that began at an id",
                count(|c| &c.resumes),
            ),
            ("sockets_slow_total", slow, count(|c| &c.slow)),
            ("sockets_silent_total", silent, count(|c| &c.silent)),
            (
                "sockets_failed_total",
                "Sockets closed with an ERROR",
                count(|c| &c.errors),
            ),
            (
                "sockets_refused_total",
                "Handshakes that were refused",
                figures.refused.get(),
            ),
        ]
    }

    fn counts(&self) -> impl Iterator<Item = &Counts> {
        self.shards.iter().map(|shard| &*shard.counts)
    }

    fn sum(&self, of: impl Fn(&Counts) -> u64) -> u64 {
        self.counts().map(of).sum()
    }

    fn put_refusals(&self, text: &mut String) {
        const NAME: &str = "roomtone_sends_refused_total";
        let _ = writeln!(
            text,
            "# HELP {NAME} SENDs that were REFUSED.\n# TYPE {NAME} counter"
        );
        for kind in KINDS {
            let value = self.sum(|counts| counts.refusals(kind).map_or(0, Count::get));
            let _ = writeln!(text, "{NAME}{{reason=\"{kind}\"}} {value}");
        }
    }
}

fn put(text: &mut String, (name, kind): (&str, &str), about: &str, value: impl Display) {
    // A string takes all that is written to it.
    let _ = write!(
        text,
        "# HELP roomtone_{name} {about}.\n# TYPE roomtone_{name} {kind}\nroomtone_{name} {value}\n"
    );
}

fn put_latency(text: &mut String, all: &Summed) {
    const NAME: &str = "roomtone_read_to_write_seconds";
    let about =
        "From the read of messages that somebody here listens to, to the end of their writes";
    let _ = writeln!(text, "# HELP {NAME} {about}.\n# TYPE {NAME} histogram");
    for (bound_us, count) in &all.upto {
        let bound = seconds(*bound_us);
        let _ = writeln!(text, "{NAME}_bucket{{le=\"{bound}\"}} {count}");
    }
    let (count, sum) = (all.count, seconds(all.sum_us));
    let _ = writeln!(
        text,
        "{NAME}_bucket{{le=\"+Inf\"}} {count}\n{NAME}_sum {sum}\n{NAME}_count {count}"
    );
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a sum of centuries is told well enough"
)]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_is_told_in_seconds() {
        let all = Summed {
            upto: vec![(50, 1), (1_000, 3)],
            count: 4,
            sum_us: 2_500_000,
        };
        let mut text = String::new();
        put_latency(&mut text, &all);
        let told: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            told,
            [
                "roomtone_read_to_write_seconds_bucket{le=\"0.00005\"} 1",
                "roomtone_read_to_write_seconds_bucket{le=\"0.001\"} 3",
                "roomtone_read_to_write_seconds_bucket{le=\"+Inf\"} 4",
                "roomtone_read_to_write_seconds_sum 2.5",
                "roomtone_read_to_write_seconds_count 4",
            ]
        );
    }
}
