//! Tokens that were found good, so that a signature is not worked out again for each request of its bearer.
//!
//! What is kept is what a token says and the key that it holds by. Nothing here says that it is good now: whether the key
//! still is one, and what the clock has to do with, is judged each time by whoever asks.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ahash::AHashMap;
use jsonwebtoken::Algorithm;
use subtle::ConstantTimeEq;

use super::claims::Identity;
use super::trusted::TrustedKey;

/// Tokens that are kept; with [`KEPT_BYTES_MAX`], 4 MiB of them and as much of what they say.
pub(super) const KNOWN_MAX: usize = 1_024;
/// Bytes of a token that is kept; a longer one is checked anew each time.
const KEPT_BYTES_MAX: usize = 4 << 10;

/// What a good token says, and by which key it holds.
pub(super) struct Opened {
    /// The token's own words for the key.
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// The key. One that the issuer publishes again is another.
    pub(super) key: Arc<TrustedKey>,
    pub(super) identity: Arc<Identity>,
    /// The claim `nbf`, in seconds since 1970.
    pub(super) not_before_s: Option<u64>,
}

/// Good tokens, each by what is signed of it.
#[derive(Default)]
pub(super) struct Known(RwLock<AHashMap<Box<str>, Entry>>);

struct Entry {
    signature: Box<str>,
    opened: Arc<Opened>,
}

impl Known {
    /// What this very token says. Signatures are compared in the same time wherever they differ, so that nobody finds one
    /// by trying.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Opened>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(signed)?;
        let same = entry.signature.as_bytes().ct_eq(signature.as_bytes());
        bool::from(same).then(|| entry.opened.clone())
    }

    /// Keeps a token that is good. Where there are [`KNOWN_MAX`], all are let go: those in use are soon back.
    pub(super) fn keep(&self, token: &str, opened: Arc<Opened>) {
        let Some((signed, signature)) = token.rsplit_once('.') else {
            return;
        };
        if token.len() > KEPT_BYTES_MAX {
            return;
        }
        let signature = signature.into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(signed.into(), Entry { signature, opened });
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.read().unwrap().len()
    }
}

/// Shows no token.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(redacted)")
    }
}
