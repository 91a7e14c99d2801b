//! Users as this node sees them: how many sockets each has, and how fast they send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        self.bucket().take(rate, now_ms)
    }

    fn bucket(&self) -> MutexGuard<'_, TokenBucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accounts after which those are looked for that need not be kept.
const LOOK_AFTER: usize = 1_024;

/// The users with a socket on this node, and how many each has; and those who had one, until they may send as fast as somebody new.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    accounts: HashMap<Uid, (usize, Arc<Account>)>,
    /// How many there were when it was last looked which need not be kept.
    looked_at: usize,
}

impl Accounts {
    /// Adds a socket of the user; none where they have `max` already.
    pub(crate) fn enter(
        &self,
        uid: &Uid,
        max: usize,
        rate: Rate,
        now_ms: u64,
    ) -> Option<Arc<Account>> {
        let mut kept = self.kept();
        if kept.accounts.len() > 2 * kept.looked_at + LOOK_AFTER {
            kept.accounts.retain(|_, (sockets, account)| {
                *sockets > 0 || !account.bucket().is_full(rate, now_ms)
            });
            kept.looked_at = kept.accounts.len();
        }
        let fresh = || {
            Arc::new(Account {
                bucket: Mutex::new(TokenBucket::full(rate, now_ms)),
            })
        };
        let (sockets, account) = kept
            .accounts
            .entry(uid.clone())
            .or_insert_with(|| (0, fresh()));
        if *sockets >= max {
            return None;
        }
        *sockets += 1;
        Some(account.clone())
    }

    /// Takes a socket of the user away. Who comes back at once goes on with the rate they had.
    pub(crate) fn leave(&self, uid: &Uid, rate: Rate, now_ms: u64) {
        let mut kept = self.kept();
        if let Some((sockets, account)) = kept.accounts.get_mut(uid) {
            *sockets -= 1;
            if *sockets == 0 && account.bucket().is_full(rate, now_ms) {
                kept.accounts.remove(uid);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
