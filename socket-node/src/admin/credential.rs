//! The operators' credential.

use axum::http::{HeaderMap, header};
use ring::hmac;
use roomtone_shared::auth::{self, Secret};
use roomtone_shared::error::{Error, Result};

/// Sees that the request has the credential, in a time that does not tell how much of it was right.
///
/// # Errors
/// `Unauthenticated`.
pub(super) fn check(credential: &Secret, headers: &HeaderMap) -> Result<()> {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.and_then(auth::bearer).unwrap_or_default();
    // What is compared are signatures of both under one key, octet by octet.
    let key = hmac::Key::new(hmac::HMAC_SHA256, credential.expose());
    let wanted = hmac::sign(&key, credential.expose());
    hmac::verify(&key, given.as_bytes(), wanted.as_ref())
        .map_err(|_| Error::Unauthenticated("the admin API needs its own credential".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_credential_lets_in() {
        let credential = Secret::new("0123456789abcdef0123456789abcdef");
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            check(&credential, &headers).is_ok()
        };
        assert!(with("Bearer 0123456789abcdef0123456789abcdef"));
        for wrong in [
            "Bearer 0123456789abcdef0123456789abcde",
            "Bearer 0123456789abcdef0123456789abcdef0",
            "Bearer ",
            "0123456789abcdef0123456789abcdef",
            "Basic 0123456789abcdef0123456789abcdef",
        ] {
            assert!(!with(wrong), "{wrong}");
        }
        assert!(check(&credential, &HeaderMap::new()).is_err());
    }
}
