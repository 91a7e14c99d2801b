//! A node's figures, as Prometheus reads them.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use crate::latency::{self, Summed};
use crate::node::SocketNode;

impl SocketNode {
    /// All figures, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        let sockets = self.sockets() as u64;
        put(&mut text, ("sockets", "gauge"), "Open sockets", sockets);
        let taken = ("records_taken_total", "counter");
        let about = "Records of the log that every shard has taken";
        put(&mut text, taken, about, self.node.ring.slowest());
        let unreadable = ("records_unreadable_total", "counter");
        let about = "Records of the log that could not be read, and were passed over";
        let count = self.node.unreadable.load(Ordering::Relaxed);
        put(&mut text, unreadable, about, count);
        let all = latency::sum(self.shards.iter().map(|shard| &*shard.latency));
        put_latency(&mut text, &all);
        text
    }
}

fn put(text: &mut String, (name, kind): (&str, &str), about: &str, value: u64) {
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
