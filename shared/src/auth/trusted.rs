//! A key that tokens may be signed with, tied to its one algorithm and to the rules for claims.
//!
//! It must not know where keys come from.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::error::AuthError;
use super::settings::AuthSettings;

/// What a token must say, whichever key signed it.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    issuer: Option<String>,
    audience: Option<String>,
    leeway_s: u64,
}

impl Rules {
    pub(super) fn new(settings: &AuthSettings) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            leeway_s: settings.leeway_s,
        }
    }

    /// `sub` is not among the required ones because a number is good too, which this check does not know;
    /// whoever reads the claims requires it.
    fn for_algorithm(&self, algorithm: Algorithm) -> Validation {
        let mut rules = Validation::new(algorithm);
        rules.leeway = self.leeway_s;
        rules.validate_nbf = true;
        if let Some(issuer) = &self.issuer {
            rules.set_issuer(&[issuer]);
            rules.required_spec_claims.insert("iss".into());
        }
        if let Some(audience) = &self.audience {
            rules.set_audience(&[audience]);
            rules.required_spec_claims.insert("aud".into());
        }
        rules
    }
}

/// A key, its algorithm and the rules. `Debug` shows no key.
#[derive(Debug)]
pub(super) struct TrustedKey {
    pub(super) algorithm: Algorithm,
    key: DecodingKey,
    rules: Validation,
}

impl TrustedKey {
    pub(super) fn new(algorithm: Algorithm, key: DecodingKey, rules: &Rules) -> Self {
        let rules = rules.for_algorithm(algorithm);
        Self {
            algorithm,
            key,
            rules,
        }
    }

    /// The claims of a token that this key signed and that keeps the rules.
    pub(super) fn open(&self, token: &str) -> Result<Map<String, Value>, AuthError> {
        let opened = jsonwebtoken::decode(token, &self.key, &self.rules);
        opened.map(|data| data.claims).map_err(|e| refusal(&e))
    }
}

fn refusal(error: &Error) -> AuthError {
    match error.kind() {
        ErrorKind::InvalidSignature => AuthError::BadSignature,
        ErrorKind::InvalidAlgorithm => AuthError::WrongAlgorithm,
        ErrorKind::ExpiredSignature => AuthError::Expired,
        ErrorKind::ImmatureSignature => AuthError::NotYetValid,
        ErrorKind::InvalidIssuer => AuthError::WrongIssuer,
        ErrorKind::InvalidAudience => AuthError::WrongAudience,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            match claim.as_str() {
                "iss" => AuthError::WrongIssuer,
                "aud" => AuthError::WrongAudience,
                "nbf" => AuthError::BadClaim("nbf"),
                _ => AuthError::BadClaim("exp"),
            }
        }
        _ => AuthError::Malformed,
    }
}
