//! How long messages take from the log to the sockets: a histogram, one for each shard. Its clock is read once for all
//! that was read together, and once when it is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Microseconds that each count is up to; one more counts what took longer.
const BOUNDS_US: [u64; 20] = [
    50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1_000, 1_250, 1_500, 2_000, 3_000, 5_000,
    10_000, 100_000, 1_000_000,
];

/// The histogram. One thread adds to it, and others may look.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Latency {
    /// So many messages took so long.
    fn record(&self, took: Duration, messages: u64) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS_US.partition_point(|bound| *bound < us);
        self.counts[at].fetch_add(messages, Ordering::Relaxed);
        let sum_us = us.saturating_mul(messages);
        self.sum_us.fetch_add(sum_us, Ordering::Relaxed);
    }
}

/// Messages that have not been written yet: when they were read, and how many together.
#[derive(Debug, Default)]
pub(crate) struct Unwritten(Vec<(Instant, u64)>);

impl Unwritten {
    /// So many more.
    pub(crate) fn add(&mut self, read_at: Instant, messages: usize) {
        let messages = messages as u64;
        if messages == 0 {
            return;
        }
        match self.0.last_mut() {
            Some((at, count)) if *at == read_at => *count += messages,
            _ => self.0.push((read_at, messages)),
        }
    }

    /// All of them are written, but for what their sockets did not take.
    pub(crate) fn written(&mut self, latency: &Latency) {
        if self.0.is_empty() {
            return;
        }
        let now = Instant::now();
        for (read_at, messages) in self.0.drain(..) {
            latency.record(now.saturating_duration_since(read_at), messages);
        }
    }
}

/// What some histograms come to, as it is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    /// For each bound in microseconds, how many messages took that long at most.
    pub(crate) upto: Vec<(u64, u64)>,
    /// All messages.
    pub(crate) count: u64,
    /// Microseconds that all of them took.
    pub(crate) sum_us: u64,
}

/// Adds histograms up.
pub(crate) fn sum<'l>(all: impl Iterator<Item = &'l Latency>) -> Summed {
    let (mut counts, mut sum_us) = ([0; BOUNDS_US.len() + 1], 0);
    for latency in all {
        for (count, own) in counts.iter_mut().zip(&latency.counts) {
            *count += own.load(Ordering::Relaxed);
        }
        sum_us += latency.sum_us.load(Ordering::Relaxed);
    }
    let mut count = 0;
    let mut add = |own: u64| {
        count += own;
        count
    };
    let upto = BOUNDS_US
        .into_iter()
        .zip(counts.iter().map(|own| add(*own)));
    Summed {
        upto: upto.collect(),
        count: counts.iter().sum(),
        sum_us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_what_took_that_long_at_most() {
        let (one, other) = (Latency::default(), Latency::default());
        one.record(Duration::from_micros(50), 1);
        one.record(Duration::from_micros(51), 2);
        other.record(Duration::from_millis(1), 3);
        other.record(Duration::from_secs(5), 4);
        let summed = sum([&one, &other].into_iter());
        let upto = |us| {
            summed
                .upto
                .iter()
                .find(|(bound, _)| *bound == us)
                .unwrap()
                .1
        };
        assert_eq!((upto(50), upto(100), upto(900)), (1, 3, 3));
        assert_eq!((upto(1_000), upto(1_000_000), summed.count), (6, 6, 10));
        assert_eq!(summed.sum_us, 50 + 2 * 51 + 3 * 1_000 + 4 * 5_000_000);
    }

    #[test]
    fn what_was_read_together_is_counted_together_and_once() {
        let (latency, mut under) = (Latency::default(), Unwritten::default());
        let early = Instant::now();
        let late = early + Duration::from_secs(3_600);
        under.add(early, 1);
        under.add(early, 1);
        under.add(late, 3);
        assert_eq!(under.0, [(early, 2), (late, 3)]);
        under.written(&latency);
        under.written(&latency);
        let summed = sum(std::iter::once(&latency));
        // What is read later than now has taken no time.
        assert_eq!((summed.count, summed.upto[0].1 >= 3), (5, true));
    }
}
