//! Users as this node sees them: how many sockets each has, and how fast they send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use roomtone_shared::domain::rate::{Rate, TokenBucket};
use roomtone_shared::domain::user::Uid;

/// What a user's sockets on this node share.
#[derive(Debug)]
pub(crate) struct Account {
    bucket: Mutex<TokenBucket>,
}

impl Account {
    /// Takes one SEND of the user's rate.
    ///
    /// # Errors
    /// The seconds after which there is one.
    pub(crate) fn take_send(&self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(rate, now_ms)
    }
}

/// The users with a socket on this node, and how many each has.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<Uid, (usize, Arc<Account>)>>);

impl Accounts {
    /// Adds a socket of the user; none where they have `max` already.
    pub(crate) fn enter(
        &self,
        uid: &Uid,
        max: usize,
        rate: Rate,
        now_ms: u64,
    ) -> Option<Arc<Account>> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            Arc::new(Account {
                bucket: Mutex::new(TokenBucket::full(rate, now_ms)),
            })
        };
        let (sockets, account) = accounts.entry(uid.clone()).or_insert_with(|| (0, fresh()));
        if *sockets >= max {
            return None;
        }
        *sockets += 1;
        Some(account.clone())
    }

    /// Takes a socket of the user away.
    pub(crate) fn leave(&self, uid: &Uid) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sockets, _)) = accounts.get_mut(uid) {
            *sockets -= 1;
            if *sockets == 0 {
                accounts.remove(uid);
            }
        }
    }
}
