//! How fast each user may send over HTTP; the socket node counts its own. Knows no HTTP.
//!
//! Where there is Redis, all functions count in it together; while that is away each counts alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use roomtone_shared::domain::rate::{Rate, TokenBucket};
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet::Rates;

/// Users whose bucket is remembered; a bucket that is full again is forgotten.
const USERS_MAX: usize = 100_000;

/// The users' buckets. Clones share them.
#[derive(Clone)]
pub struct SendLimit {
    rate: Rate,
    #[cfg(feature = "fleet")]
    rates: Option<Rates>,
    started: Instant,
    buckets: Arc<Mutex<HashMap<Uid, TokenBucket>>>,
}

impl SendLimit {
    /// Everybody may send at this rate.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            #[cfg(feature = "fleet")]
            rates: None,
            started: Instant::now(),
            buckets: Arc::default(),
        }
    }

    /// The same, counted with other processes where there is a place for it.
    #[cfg(feature = "fleet")]
    #[must_use]
    pub fn shared(self, rates: Option<Rates>) -> Self {
        Self { rates, ..self }
    }

    /// Counts one message of this user.
    ///
    /// # Errors
    /// `TooFast`.
    pub(crate) async fn count(&self, uid: &Uid) -> Result<()> {
        #[cfg(feature = "fleet")]
        if let Some(rates) = &self.rates
            && let Ok(taken) = rates.take(uid, self.rate).await
        {
            return self.answer(taken);
        }
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.count_at(uid, now_ms, USERS_MAX)
    }

    fn count_at(&self, uid: &Uid, now_ms: u64, users_max: usize) -> Result<()> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= users_max && !buckets.contains_key(uid) {
            buckets.retain(|_, bucket| !bucket.is_full(self.rate, now_ms));
            if buckets.len() >= users_max {
                return Err(too_fast("too many users send at once", 1));
            }
        }
        let bucket = buckets
            .entry(uid.clone())
            .or_insert_with(|| TokenBucket::full(self.rate, now_ms));
        self.answer(bucket.take(self.rate, now_ms))
    }

    fn answer(&self, taken: std::result::Result<(), u64>) -> Result<()> {
        let Rate { per_s, burst } = self.rate;
        taken.map_err(|s| {
            too_fast(
                &format!("a user sends at most {per_s} messages a second, {burst} at once"),
                s,
            )
        })
    }
}

fn too_fast(what: &str, retry_after_s: u64) -> Error {
    Error::TooFast {
        what: what.into(),
        retry_after_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        Uid::parse("uid", text).unwrap()
    }

    #[test]
    fn each_user_has_a_bucket_of_their_own() {
        let limit = SendLimit::new(Rate { per_s: 1, burst: 2 });
        assert!(limit.count_at(&uid("u1"), 0, 9).is_ok());
        assert!(limit.count_at(&uid("u1"), 0, 9).is_ok());
        let refused = limit.count_at(&uid("u1"), 0, 9);
        assert!(matches!(
            refused,
            Err(Error::TooFast {
                retry_after_s: 1,
                ..
            })
        ));
        assert!(limit.count_at(&uid("u2"), 0, 9).is_ok());
        assert!(limit.count_at(&uid("u1"), 1_000, 9).is_ok());
    }

    #[test]
    fn buckets_that_are_full_again_make_room_and_others_do_not() {
        let limit = SendLimit::new(Rate { per_s: 1, burst: 1 });
        assert!(limit.count_at(&uid("u1"), 0, 1).is_ok());
        assert!(limit.count_at(&uid("u2"), 999, 1).is_err());
        assert!(limit.count_at(&uid("u2"), 1_000, 1).is_ok());
        assert_eq!(limit.buckets.lock().unwrap().len(), 1);
    }
}
