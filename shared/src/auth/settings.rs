//! What an operator says about tokens, and whether it can work.
//!
//! It must not read the environment: `config` does.

use super::error::SettingsError;
use super::secret::Secret;
use crate::outbound::Endpoint;

/// Bytes that an HS256 secret has at least: as many as the hash (RFC 7518 section 3.2).
pub const SECRET_BYTES_MIN: usize = 32;
/// Seconds by which clocks may differ, where nothing else is set.
pub const LEEWAY_S: u64 = 10;
/// Seconds that may be set for that at most.
pub const LEEWAY_S_MAX: u64 = 300;

/// Which tokens are accepted. A secret or a URL must be there; with both, either kind of token is.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Shared with the issuer; at least [`SECRET_BYTES_MIN`] bytes. Present: HS256 is accepted.
    pub hs256_secret: Option<Secret>,
    /// Where the issuer publishes its keys (RFC 7517). Present: RS256 and ES256 are accepted.
    pub jwks_url: Option<String>,
    /// What `iss` must be; absent: it is not looked at.
    pub issuer: Option<String>,
    /// What `aud` must be or hold; absent: a token that is for somebody in particular is refused.
    pub audience: Option<String>,
    /// Seconds by which the issuer's clock may differ; at most [`LEEWAY_S_MAX`].
    pub leeway_s: u64,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            hs256_secret: None,
            jwks_url: None,
            issuer: None,
            audience: None,
            leeway_s: LEEWAY_S,
        }
    }
}

impl AuthSettings {
    /// The secret, where there is one and it is long enough.
    pub(super) fn secret(&self) -> Result<Option<&Secret>, SettingsError> {
        match &self.hs256_secret {
            Some(secret) if secret.expose().len() < SECRET_BYTES_MIN => Err(SettingsError::new(
                "AUTH_HS256_SECRET",
                format!("must be at least {SECRET_BYTES_MIN} bytes"),
            )),
            secret => Ok(secret.as_ref()),
        }
    }

    /// Where the keys are, where that is set.
    pub(super) fn key_set(&self) -> Result<Option<Endpoint>, SettingsError> {
        let endpoint = self.jwks_url.as_deref().map(Endpoint::parse).transpose();
        endpoint.map_err(|wrong| SettingsError::new("AUTH_JWKS_URL", wrong.to_string()))
    }

    /// Whether the clocks may differ that much.
    pub(super) fn check_leeway(&self) -> Result<(), SettingsError> {
        if self.leeway_s <= LEEWAY_S_MAX {
            return Ok(());
        }
        Err(SettingsError::new(
            "leeway_s",
            format!("must be at most {LEEWAY_S_MAX} seconds"),
        ))
    }
}
