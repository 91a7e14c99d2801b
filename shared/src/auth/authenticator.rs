//! From a token to who it is about.
//!
//! It must not know how tokens travel: it takes the text and gives an identity or a refusal.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Header, get_current_timestamp};

use super::claims::Identity;
use super::crypto;
use super::error::{AuthError, SettingsError};
use super::jwks::{Jwks, Pace};
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
    hs256: Option<TrustedKey>,
    jwks: Option<Jwks>,
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
            TrustedKey::new(Algorithm::HS256, key, &rules)
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
                leeway_s,
            }),
        })
    }

    /// Checks a token: its signature and algorithm, `exp`, `nbf`, and `iss` and `aud` as configured.
    ///
    /// An HS256 token is checked without waiting for anything. One with a `kid` may wait for a fetch of the
    /// issuer's keys.
    ///
    /// # Errors
    /// Why it is refused; `KeysUnavailable` alone says nothing about the token.
    pub async fn verify(&self, token: &str) -> Result<Identity, AuthError> {
        let header = read_header(token)?;
        let claims = match header.alg {
            Algorithm::HS256 => self.shared_key()?.open(token)?,
            Algorithm::RS256 | Algorithm::ES256 => {
                self.published_key(&header).await?.open(token)?
            }
            _ => return Err(AuthError::WrongAlgorithm),
        };
        let identity = Identity::read(&claims, self.keys.leeway_s)?;
        // The library lets the whole second pass in which a token runs out; a session would end as it began.
        if identity.expires_at_ms <= get_current_timestamp().saturating_mul(1_000) {
            return Err(AuthError::Expired);
        }
        Ok(identity)
    }

    fn shared_key(&self) -> Result<&TrustedKey, AuthError> {
        self.keys.hs256.as_ref().ok_or(AuthError::WrongAlgorithm)
    }

    async fn published_key(&self, header: &Header) -> Result<Arc<TrustedKey>, AuthError> {
        let jwks = self.keys.jwks.as_ref().ok_or(AuthError::WrongAlgorithm)?;
        let kid = header.kid.as_deref().ok_or(AuthError::UnknownKey)?;
        let key = jwks.key(kid).await?;
        if key.algorithm == header.alg {
            Ok(key)
        } else {
            Err(AuthError::WrongAlgorithm)
        }
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
