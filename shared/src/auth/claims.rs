//! What a token says about its bearer, as values of the right type.
//!
//! Reads only claims whose signature has been checked. The rules for their content are the domain's.

use serde_json::{Map, Value};

use super::error::AuthError;

/// The scope of the playlist server, which acts for users.
const SERVICE: &str = "service";

/// Who a token is about, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claim `sub`, of any length.
    pub uid: String,
    /// The claim `nickname`, of any content; empty only where `service` is set and the token has none.
    pub nickname: String,
    /// The claim `picture`, of any content.
    pub picture: Option<String>,
    /// Whether the scope `service` is there: a server that acts for the users it names.
    pub service: bool,
    /// When the token stops being accepted: its `exp` and the leeway, in milliseconds since 1970. It was
    /// ahead when the token was checked.
    pub expires_at_ms: u64,
}

impl Identity {
    pub(super) fn read(claims: &Map<String, Value>, leeway_s: u64) -> Result<Self, AuthError> {
        let service = serves(claims.get("scope"))?;
        let nickname = match text(claims, "nickname")? {
            None if !service => return Err(AuthError::BadClaim("nickname")),
            nickname => nickname.unwrap_or_default(),
        };
        Ok(Self {
            uid: subject(claims)?,
            nickname,
            picture: text(claims, "picture")?,
            service,
            expires_at_ms: expiry_s(claims)?
                .saturating_add(leeway_s)
                .saturating_mul(1_000),
        })
    }
}

/// An optional text; `null` counts as absent.
fn text(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, AuthError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(AuthError::BadClaim(name)),
    }
}

/// Whole numbers too: issuers whose users have numbers for ids write them so.
fn subject(claims: &Map<String, Value>) -> Result<String, AuthError> {
    match claims.get("sub") {
        Some(Value::String(uid)) => Ok(uid.clone()),
        Some(Value::Number(uid)) if uid.is_u64() || uid.is_i64() => Ok(uid.to_string()),
        _ => Err(AuthError::BadClaim("sub")),
    }
}

fn expiry_s(claims: &Map<String, Value>) -> Result<u64, AuthError> {
    seconds(claims, "exp").ok_or(AuthError::BadClaim("exp"))
}

/// Seconds since 1970, rounded to whole ones as the check of `exp` and `nbf` does (RFC 7519 allows fractions).
pub(super) fn seconds(claims: &Map<String, Value>, name: &str) -> Option<u64> {
    let value = claims.get(name);
    let whole = value.and_then(Value::as_u64);
    // A cast of a float saturates; negative ones and NaN have been refused and would become 0, long past.
    let rounded = || value.and_then(Value::as_f64).map(|s| s.round() as u64);
    whole.or_else(rounded)
}

/// `scope` is words divided by spaces (RFC 8693 section 4.2); some issuers write an array of them.
fn serves(scope: Option<&Value>) -> Result<bool, AuthError> {
    match scope {
        None | Some(Value::Null) => Ok(false),
        Some(Value::String(words)) => Ok(is_service(words)),
        Some(Value::Array(words)) if words.iter().all(Value::is_string) => {
            Ok(words.iter().any(|word| word == SERVICE))
        }
        Some(_) => Err(AuthError::BadClaim("scope")),
    }
}

/// Whether these words of a `scope` make their bearer a service.
pub(super) fn is_service(words: &str) -> bool {
    words.split(' ').any(|word| word == SERVICE)
}
