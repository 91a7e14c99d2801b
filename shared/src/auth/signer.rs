//! Signs tokens (HS256): for the local run and for tests. In any other run the issuer is somebody else.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use serde::Serialize;
use thiserror::Error;

use super::claims::is_service;
use super::crypto;
use super::error::SettingsError;
use super::settings::AuthSettings;

/// A token could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the token can't be signed")]
pub struct SigningFailed;

/// What a token is to say about its bearer. Not checked here: tests want tokens that are against a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Becomes `sub`.
    pub uid: String,
    /// Becomes `nickname`, where there is one.
    pub nickname: Option<String>,
    /// Becomes `picture`, where there is one.
    pub picture: Option<String>,
    /// Becomes `scope`, where there is one: words divided by spaces.
    pub scope: Option<String>,
}

impl Claims {
    /// Whether its bearer will be a service.
    #[must_use]
    pub fn service(&self) -> bool {
        self.scope.as_deref().is_some_and(is_service)
    }
}

/// Signs tokens that an [`Authenticator`](super::Authenticator) of the same settings accepts.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    issuer: Option<String>,
    audience: Option<String>,
}

impl Signer {
    /// Makes one.
    ///
    /// # Errors
    /// Where there is no secret, or one that is too short.
    pub fn new(settings: &AuthSettings) -> Result<Self, SettingsError> {
        crypto::install();
        let missing = || SettingsError::new("AUTH_HS256_SECRET", "is needed to sign tokens");
        let secret = settings.secret()?.ok_or_else(missing)?;
        Ok(Self {
            key: EncodingKey::from_secret(secret.expose()),
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
        })
    }

    /// Signs a token that is good from now on for `ttl`, counted in whole seconds.
    ///
    /// # Errors
    /// Where it can't be written, which no claims are known to bring about.
    pub fn sign(&self, claims: &Claims, ttl: Duration) -> Result<String, SigningFailed> {
        let now = get_current_timestamp();
        let payload = Payload {
            sub: &claims.uid,
            nickname: claims.nickname.as_deref(),
            picture: claims.picture.as_deref(),
            scope: claims.scope.as_deref(),
            iss: self.issuer.as_deref(),
            aud: self.audience.as_deref(),
            iat: now,
            exp: now.saturating_add(ttl.as_secs()),
        };
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, &payload, &self.key).map_err(|_| SigningFailed)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(redacted)")
    }
}

/// The claims as they are written.
#[derive(Serialize)]
struct Payload<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: u64,
    exp: u64,
}
