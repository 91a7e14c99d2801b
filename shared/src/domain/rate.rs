//! How fast somebody may go: a bucket of tokens that refills with time. Pure: the time is passed in.

use std::collections::HashMap;
use std::hash::Hash;

/// A rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a second, at least 1.
    pub per_s: u32,
    /// Tokens in a full bucket, at least 1.
    pub burst: u32,
}

/// What one token counts, so that a millisecond's share of a second's tokens is a whole number.
const TOKEN: u64 = 1_000;

/// The tokens that somebody has left; a new bucket is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    level: u64,
    at_ms: u64,
}

impl TokenBucket {
    /// A full bucket. `now_ms` is milliseconds of any clock, the same for all calls.
    #[must_use]
    pub fn full(rate: Rate, now_ms: u64) -> Self {
        Self {
            level: capacity(rate),
            at_ms: now_ms,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// Where there is none: the seconds after which there is one, rounded up.
    pub fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.take_many(1, rate, now_ms)
    }

    /// Takes so many tokens, or none; more than a full bucket has cost a full bucket.
    ///
    /// # Errors
    /// Where there are not as many: the seconds after which there are, rounded up.
    pub fn take_many(&mut self, tokens: usize, rate: Rate, now_ms: u64) -> Result<(), u64> {
        self.level = self.level_at(rate, now_ms);
        // A clock that was set back gives nothing, and is followed, so that the bucket fills on from there.
        self.at_ms = now_ms;
        let tokens = u64::try_from(tokens).unwrap_or(u64::MAX);
        let cost = tokens.saturating_mul(TOKEN).min(capacity(rate));
        if let Some(left) = self.level.checked_sub(cost) {
            self.level = left;
            return Ok(());
        }
        let tokens_per_s = u64::from(rate.per_s).max(1) * TOKEN;
        Err((cost - self.level).div_ceil(tokens_per_s))
    }

    /// Whether this bucket is like a new one, so that it may be forgotten.
    #[must_use]
    pub fn is_full(&self, rate: Rate, now_ms: u64) -> bool {
        self.level_at(rate, now_ms) == capacity(rate)
    }

    fn level_at(&self, rate: Rate, now_ms: u64) -> u64 {
        let since_ms = now_ms.saturating_sub(self.at_ms);
        let come = since_ms.saturating_mul(u64::from(rate.per_s));
        self.level.saturating_add(come).min(capacity(rate))
    }
}

/// A bucket for each of many, of which those that are full are forgotten when there is no more room.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    /// Buckets that are remembered at most.
    max: usize,
    buckets: HashMap<K, TokenBucket, ahash::RandomState>,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The bucket has not as many; there are, after so many seconds.
    For(u64),
    /// This one has no bucket, and there is no more room.
    TooMany,
}

impl<K: Eq + Hash> Buckets<K> {
    /// No buckets yet.
    #[must_use]
    pub fn new(rate: Rate, max: usize) -> Self {
        Self {
            rate,
            max,
            buckets: HashMap::default(),
        }
    }

    /// What each bucket takes and gives.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes so many tokens of one's bucket, as [`TokenBucket::take_many`].
    ///
    /// # Errors
    /// Where there are not as many, or there is no more room.
    pub fn take(&mut self, key: K, tokens: usize, now_ms: u64) -> Result<(), Refused> {
        if self.buckets.len() >= self.max && !self.buckets.contains_key(&key) {
            let rate = self.rate;
            self.buckets
                .retain(|_, bucket| !bucket.is_full(rate, now_ms));
            if self.buckets.len() >= self.max {
                return Err(Refused::TooMany);
            }
        }
        let bucket = self.buckets.entry(key);
        let bucket = bucket.or_insert_with(|| TokenBucket::full(self.rate, now_ms));
        bucket
            .take_many(tokens, self.rate, now_ms)
            .map_err(Refused::For)
    }
}

fn capacity(rate: Rate) -> u64 {
    u64::from(rate.burst).max(1) * TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_s: 20,
        burst: 100,
    };

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut bucket = TokenBucket::full(RATE, 0);
        assert!((0..100).all(|_| bucket.take(RATE, 0).is_ok()));
        assert_eq!(bucket.take(RATE, 49), Err(1));
        assert_eq!(bucket.take(RATE, 50), Ok(()));
        assert_eq!(bucket.take(RATE, 50), Err(1));
    }

    #[test]
    fn ten_seconds_at_full_speed_give_the_burst_and_ten_seconds_of_the_rate() {
        let mut bucket = TokenBucket::full(RATE, 0);
        let passed = (0..10_000)
            .filter(|ms| bucket.take(RATE, *ms).is_ok())
            .count();
        assert!((299..=300).contains(&passed), "{passed}");
    }

    #[test]
    fn a_bucket_left_alone_is_full_again_and_never_more() {
        let mut bucket = TokenBucket::full(RATE, 0);
        assert!(bucket.take(RATE, 0).is_ok());
        assert!(!bucket.is_full(RATE, 49));
        assert!(bucket.is_full(RATE, 50));
        let late = u64::MAX;
        assert!((0..100).all(|_| bucket.take(RATE, late).is_ok()));
        assert!(bucket.take(RATE, late).is_err());
    }

    #[test]
    fn many_are_taken_together_or_not_at_all() {
        let mut bucket = TokenBucket::full(RATE, 0);
        assert_eq!(bucket.take_many(60, RATE, 0), Ok(()));
        assert_eq!(bucket.take_many(60, RATE, 0), Err(1));
        assert_eq!(bucket.take_many(40, RATE, 0), Ok(()));
        assert_eq!(bucket.take_many(60, RATE, 0), Err(3));
    }

    #[test]
    fn more_than_a_bucket_has_pass_when_it_is_full() {
        let mut bucket = TokenBucket::full(RATE, 0);
        assert_eq!(bucket.take_many(1_000, RATE, 0), Ok(()));
        assert_eq!(bucket.take_many(1_000, RATE, 4_999), Err(1));
        assert_eq!(bucket.take_many(1_000, RATE, 5_000), Ok(()));
    }

    #[test]
    fn each_has_a_bucket_of_their_own() {
        let mut buckets = Buckets::new(Rate { per_s: 1, burst: 2 }, 9);
        assert_eq!(buckets.take("a", 2, 0), Ok(()));
        assert_eq!(buckets.take("a", 1, 0), Err(Refused::For(1)));
        assert_eq!(buckets.take("b", 1, 0), Ok(()));
        assert_eq!(buckets.take("a", 1, 1_000), Ok(()));
    }

    #[test]
    fn buckets_that_are_full_again_make_room_and_others_do_not() {
        let mut buckets = Buckets::new(Rate { per_s: 1, burst: 1 }, 1);
        assert_eq!(buckets.take("a", 1, 0), Ok(()));
        assert_eq!(buckets.take("b", 1, 999), Err(Refused::TooMany));
        assert_eq!(buckets.take("b", 1, 1_000), Ok(()));
        assert_eq!(buckets.buckets.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody_for_long() {
        let one = Rate { per_s: 1, burst: 1 };
        let mut bucket = TokenBucket::full(one, 1_000_000);
        assert_eq!(bucket.take(one, 1_000_000), Ok(()));
        assert_eq!(bucket.take(one, 5), Err(1));
        assert_eq!(bucket.take(one, 1_004), Err(1));
        assert_eq!(bucket.take(one, 1_005), Ok(()));
    }
}
