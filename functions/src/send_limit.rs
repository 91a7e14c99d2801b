//! How fast users may send over HTTP, each and together in a room; the socket node counts its own. Knows no HTTP.
//!
//! Where there is Redis, all functions count in it together; while that is away each counts alone.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use roomtone_shared::domain::rate::{Buckets, Rate, Refused};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet::{Rates, Whose};

/// Users, and rooms, that are counted at once.
const COUNTED_MAX: usize = 100_000;

/// The buckets of users and of rooms. Clones share them.
#[derive(Clone)]
pub struct SendLimit {
    #[cfg(feature = "fleet")]
    rates: Option<Rates>,
    started: Instant,
    users: Arc<Mutex<Buckets<Uid>>>,
    rooms: Arc<Mutex<Buckets<RoomId>>>,
}

impl SendLimit {
    /// Everybody may send at the first rate, and all together into one room at the second.
    #[must_use]
    pub fn new(user: Rate, room: Rate) -> Self {
        Self {
            #[cfg(feature = "fleet")]
            rates: None,
            started: Instant::now(),
            users: Arc::new(Mutex::new(Buckets::new(user, COUNTED_MAX))),
            rooms: Arc::new(Mutex::new(Buckets::new(room, COUNTED_MAX))),
        }
    }

    /// The same, counted with other processes where there is a place for it.
    #[cfg(feature = "fleet")]
    #[must_use]
    pub fn shared(self, rates: Option<Rates>) -> Self {
        Self { rates, ..self }
    }

    /// Counts one message that this user wants to send.
    ///
    /// # Errors
    /// `TooFast`.
    pub(crate) async fn count(&self, uid: &Uid) -> Result<()> {
        let rate = lock(&self.users).rate();
        #[cfg(feature = "fleet")]
        if let Some(rates) = &self.rates
            && let Ok(taken) = rates.take(Whose::User(uid), rate).await
        {
            return taken.map_err(|s| too_fast("a user", rate, s));
        }
        self.take(("a user", rate), &self.users, uid.clone())
    }

    /// Counts one message into this room.
    ///
    /// # Errors
    /// `TooFast`.
    pub(crate) async fn count_in(&self, room: RoomId) -> Result<()> {
        let rate = lock(&self.rooms).rate();
        #[cfg(feature = "fleet")]
        if let Some(rates) = &self.rates
            && let Ok(taken) = rates.take(Whose::Room(room), rate).await
        {
            return taken.map_err(|s| too_fast("a room", rate, s));
        }
        self.take(("a room", rate), &self.rooms, room)
    }

    fn take<K: Eq + Hash>(
        &self,
        (whose, rate): (&str, Rate),
        of: &Mutex<Buckets<K>>,
        key: K,
    ) -> Result<()> {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        lock(of).take(key, 1, now_ms).map_err(|why| match why {
            Refused::For(s) => too_fast(whose, rate, s),
            Refused::TooMany => Error::TooFast {
                what: "too many send at once".into(),
                retry_after_s: 1,
            },
        })
    }
}

fn lock<K>(buckets: &Mutex<Buckets<K>>) -> MutexGuard<'_, Buckets<K>> {
    buckets.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_fast(whose: &str, Rate { per_s, burst }: Rate, retry_after_s: u64) -> Error {
    Error::TooFast {
        what: format!("{whose} gets at most {per_s} messages a second, {burst} at once"),
        retry_after_s,
    }
}
