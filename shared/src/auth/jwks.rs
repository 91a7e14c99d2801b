//! The keys that an issuer publishes, kept at hand.
//!
//! A key at hand is given at once, and an old set is renewed behind it. Somebody waits only where the key
//! is not at hand, and then for one fetch that all who wait share. It must not know of tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::error::AuthError;
use super::key_set::KeySet;
use super::trusted::{Rules, TrustedKey};
use crate::outbound::{Endpoint, Outbound};

/// When keys are fetched and how long they serve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Age at which a set is renewed, in the background.
    pub(super) renew_after: Duration,
    /// Time between the end of one fetch and the next at least, however many unknown keys are asked for.
    pub(super) rest: Duration,
    /// Age up to which a set serves while the issuer does not answer. A key that the issuer has withdrawn
    /// meanwhile is accepted for no longer than this.
    pub(super) serve_for: Duration,
    /// Time that one fetch may take.
    pub(super) patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            renew_after: Duration::from_secs(10 * 60),
            rest: Duration::from_secs(5),
            serve_for: Duration::from_secs(6 * 3_600),
            patience: Duration::from_secs(3),
        }
    }
}

/// An issuer's keys.
#[derive(Debug)]
pub(super) struct Jwks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    outbound: Outbound,
    rules: Rules,
    pace: Pace,
    held: Mutex<Held>,
    /// Whoever holds it may fetch.
    turn: Arc<Turn<()>>,
}

/// What the last fetches left.
#[derive(Debug, Default)]
struct Held {
    keys: HashMap<String, Arc<TrustedKey>>,
    /// When `keys` came.
    fetched: Option<Instant>,
    /// When a fetch last ended, well or not.
    tried: Option<Instant>,
    /// Whether that one went wrong.
    failed: bool,
}

/// What is at hand for a `kid`.
enum Found {
    Fresh(Arc<TrustedKey>),
    Old(Arc<TrustedKey>),
    Unknown,
    NoKeys,
}

impl Jwks {
    pub(super) fn new(endpoint: Endpoint, outbound: Outbound, rules: Rules, pace: Pace) -> Self {
        Self(Arc::new(Shared {
            endpoint,
            outbound,
            rules,
            pace,
            held: Mutex::default(),
            turn: Arc::default(),
        }))
    }

    /// The key that the issuer calls `kid`.
    ///
    /// # Errors
    /// `UnknownKey` where the issuer says it has none, `KeysUnavailable` where it can't be asked.
    pub(super) async fn key(&self, kid: &str) -> Result<Arc<TrustedKey>, AuthError> {
        match self.0.look(kid) {
            Found::Fresh(key) => return Ok(key),
            Found::Old(key) => {
                self.renew_behind();
                return Ok(key);
            }
            Found::Unknown | Found::NoKeys => self.fetch_or_join().await,
        }
        match self.0.look(kid) {
            Found::Fresh(key) | Found::Old(key) => Ok(key),
            Found::Unknown if !self.0.held().failed => Err(AuthError::UnknownKey),
            Found::Unknown | Found::NoKeys => Err(AuthError::KeysUnavailable),
        }
    }

    fn renew_behind(&self) {
        if let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() {
            self.0.fetch(turn);
        }
    }

    /// Waits for the fetch under way, or for one of its own where it is time for one.
    async fn fetch_or_join(&self) {
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        if let Some(done) = self.0.fetch(turn) {
            // The task's own end is all that counts; what it found stands in `held`.
            let _ = done.await;
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, kid: &str) -> Found {
        let held = self.held();
        let Some(age) = held.fetched.map(|at| at.elapsed()) else {
            return Found::NoKeys;
        };
        match held.keys.get(kid) {
            _ if age >= self.pace.serve_for => Found::NoKeys,
            None => Found::Unknown,
            Some(key) if age < self.pace.renew_after => Found::Fresh(Arc::clone(key)),
            Some(key) => Found::Old(Arc::clone(key)),
        }
    }

    /// Starts a fetch unless the last one ended just now. It is a task of its own, so that it goes on for
    /// the others when whoever asked first goes away.
    fn fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> Option<tokio::task::JoinHandle<()>> {
        let resting = |at: Instant| at.elapsed() < self.pace.rest;
        if self.held().tried.is_some_and(resting) {
            return None;
        }
        let shared = Arc::clone(self);
        Some(tokio::spawn(async move {
            shared.fetch_now().await;
            drop(turn);
        }))
    }

    async fn fetch_now(&self) {
        let answer = self
            .outbound
            .get_json::<KeySet>(&self.endpoint, self.pace.patience);
        let answer = answer.await;
        let mut held = self.held();
        let now = Instant::now();
        held.tried = Some(now);
        held.failed = answer.is_err();
        match answer {
            Ok(set) => {
                held.keys = set.usable(&self.rules);
                held.fetched = Some(now);
                tracing::debug!(keys = held.keys.len(), "token keys fetched");
            }
            Err(cause) => tracing::warn!(%cause, "token keys can't be fetched"),
        }
    }
}
