//! How fast somebody may go: a bucket of tokens that refills with time. Pure: the time is passed in.

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

/// The tokens that one user has left; a new one is full.
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
        self.level = self.level_at(rate, now_ms);
        // A clock that was set back gives nothing, and is followed, so that the bucket fills on from there.
        self.at_ms = now_ms;
        if let Some(left) = self.level.checked_sub(TOKEN) {
            self.level = left;
            return Ok(());
        }
        let tokens_per_s = u64::from(rate.per_s).max(1) * TOKEN;
        Err((TOKEN - self.level).div_ceil(tokens_per_s))
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
    fn a_clock_that_is_set_back_stops_nobody_for_long() {
        let one = Rate { per_s: 1, burst: 1 };
        let mut bucket = TokenBucket::full(one, 1_000_000);
        assert_eq!(bucket.take(one, 1_000_000), Ok(()));
        assert_eq!(bucket.take(one, 5), Err(1));
        assert_eq!(bucket.take(one, 1_004), Err(1));
        assert_eq!(bucket.take(one, 1_005), Ok(()));
    }
}
