//! From a token to who it is about.
//!
//! It must not know how tokens travel: it takes the text and gives an identity or a refusal.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header, get_current_timestamp};

use super::claims::{self, Identity};
use super::crypto;
use super::error::{AuthError, SettingsError};
use super::jwks::{Jwks, Pace};
use super::known::{Known, Opened};
use super::settings::AuthSettings;
use super::trusted::{Rules, TrustedKey};
use crate::outbound::Outbound;

/// Bytes of a token at most; a longer one is refused unread.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;

/// Checks tokens. Clones share the keys.
#[derive(Clone, Debug)]
pub struct Authenticator {
    keys: Arc<Keys>,
}

#[derive(Debug)]
struct Keys {
    hs256: Option<Arc<TrustedKey>>,
    jwks: Option<Jwks>,
    known: Known,
    leeway_s: u64,
}

impl Authenticator {
    /// Makes one. Does no I/O: published keys are fetched when the first token needs them.
    ///
    /// # Errors
    /// The setting that can't work, by name.
    pub fn new(settings: &AuthSettings, outbound: Outbound) -> Result<Self, SettingsError> {
        Self::with_pace(settings, outbound, Pace::default())
    }

    pub(super) fn with_pace(
        settings: &AuthSettings,
        outbound: Outbound,
        pace: Pace,
    ) -> Result<Self, SettingsError> {
        crypto::install();
        settings.check_leeway()?;
        let rules = Rules::new(settings);
        let hs256 = settings.secret()?.map(|secret| {
            let key = DecodingKey::from_secret(secret.expose());
            Arc::new(TrustedKey::new(Algorithm::HS256, key, &rules))
        });
        let key_set = settings.key_set()?;
        let jwks = key_set.map(|endpoint| Jwks::new(endpoint, outbound, rules, pace));
        if hs256.is_none() && jwks.is_none() {
            let reason = "this or AUTH_JWKS_URL must be set";
            return Err(SettingsError::new("AUTH_HS256_SECRET", reason));
        }
        let leeway_s = settings.leeway_s;
        Ok(Self {
            keys: Arc::new(Keys {
                hs256,
                jwks,
                known: Known::default(),
                leeway_s,
            }),
        })
    }

    /// Checks a token: its signature and algorithm, `exp`, `nbf`, and `iss` and `aud` as configured.
    ///
    /// An HS256 token is checked without waiting for anything. One with a `kid` may wait for a fetch of the
    /// issuer's keys. A token that was good before is known by its text; its key and its times are looked at again.
    ///
    /// # Errors
    /// Why it is refused; `KeysUnavailable` alone says nothing about the token.
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, AuthError> {
        let opened = match self.keys.known.find(token) {
            Some(known) => self.again(token, known).await?,
            None => self.open(token).await?,
        };
        self.in_time(&opened)?;
        Ok(opened.identity.clone())
    }

    /// A token that was good by this key. Where the key is another now, all of it is checked anew.
    async fn again(&self, token: &str, known: Arc<Opened>) -> Result<Arc<Opened>, AuthError> {
        let key = self.key(known.algorithm, known.kid.as_deref()).await?;
        match Arc::ptr_eq(&key, &known.key) {
            true => Ok(known),
            false => self.open(token).await,
        }
    }

    async fn open(&self, token: &str) -> Result<Arc<Opened>, AuthError> {
        let Header { alg, kid, .. } = read_header(token)?;
        let key = self.key(alg, kid.as_deref()).await?;
        let claims = key.open(token)?;
        let opened = Arc::new(Opened {
            algorithm: alg,
            kid,
            key,
            identity: Identity::read(&claims, self.keys.leeway_s)?.into(),
            not_before_s: claims::seconds(&claims, "nbf"),
        });
        self.keys.known.keep(token, opened.clone());
        Ok(opened)
    }

    /// What the clock says of a token, to the second.
    fn in_time(&self, opened: &Opened) -> Result<(), AuthError> {
        let now_s = get_current_timestamp();
        // The library lets the whole second pass in which a token runs out; a session would end as it began.
        if opened.identity.expires_at_ms <= now_s.saturating_mul(1_000) {
            return Err(AuthError::Expired);
        }
        let latest_s = now_s.saturating_add(self.keys.leeway_s);
        match opened.not_before_s.is_some_and(|s| s > latest_s) {
            true => Err(AuthError::NotYetValid),
            false => Ok(()),
        }
    }

    /// The key that tokens with this header are to hold by, now.
    async fn key(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Arc<TrustedKey>, AuthError> {
        let key = match algorithm {
            Algorithm::HS256 => return self.shared_key(),
            Algorithm::RS256 | Algorithm::ES256 => self.published_key(kid).await?,
            _ => return Err(AuthError::WrongAlgorithm),
        };
        match key.algorithm == algorithm {
            true => Ok(key),
            false => Err(AuthError::WrongAlgorithm),
        }
    }

    fn shared_key(&self) -> Result<Arc<TrustedKey>, AuthError> {
        self.keys.hs256.clone().ok_or(AuthError::WrongAlgorithm)
    }

    async fn published_key(&self, kid: Option<&str>) -> Result<Arc<TrustedKey>, AuthError> {
        let jwks = self.keys.jwks.as_ref().ok_or(AuthError::WrongAlgorithm)?;
        jwks.key(kid.ok_or(AuthError::UnknownKey)?).await
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.keys.known.count()
    }
}

/// The part that names the key. Nothing in it is believed: keys it carries or points to are not looked at.
fn read_header(token: &str) -> Result<Header, AuthError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(AuthError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Malformed)?;
    // Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    match header.crit {
        None => Ok(header),
        Some(_) => Err(AuthError::Malformed),
    }
}
