//! Why a token, or a setting about tokens, is refused.

use thiserror::Error;

use crate::error::Error as Refused;

/// Why a token is refused, in words that may be shown to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuthError {
    /// Nothing was sent. For whoever looks for the token.
    #[error("a token is needed")]
    Missing,
    /// Not a signed JWT, or too long to be one.
    #[error("the token can't be read")]
    Malformed,
    /// Signed by a method that no configured key is for, `none` included.
    #[error("the token is signed by a method that is not accepted")]
    WrongAlgorithm,
    /// The signature is not the key's.
    #[error("the token's signature does not hold")]
    BadSignature,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before its `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Another `iss` than configured, or none.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Another `aud` than configured, or none.
    #[error("the token is for another audience")]
    WrongAudience,
    /// A claim that is missing or of another type than it must be.
    #[error("the token's {0} is missing or of a wrong type")]
    BadClaim(&'static str),
    /// No `kid`, or one that the issuer does not publish.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The issuer's keys can't be had. The token may be good: it is worth trying again.
    #[error("the keys to check tokens with are not available right now")]
    KeysUnavailable,
}

impl From<AuthError> for Refused {
    fn from(why: AuthError) -> Self {
        match why {
            AuthError::KeysUnavailable => Self::Unavailable("the issuer of the tokens"),
            why => Self::Unauthenticated(why.to_string()),
        }
    }
}

/// A setting that can't work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: {reason}")]
pub struct SettingsError {
    /// The variable (or the field, where there is none) that is wrong.
    pub name: &'static str,
    /// What is wrong with it; never its value.
    pub reason: String,
}

impl SettingsError {
    pub(super) fn new(name: &'static str, reason: impl Into<String>) -> Self {
        Self {
            name,
            reason: reason.into(),
        }
    }
}
