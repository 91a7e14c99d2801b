//! A set of keys as an issuer publishes it (RFC 7517), and which of them tokens may be signed with.
//!
//! It must not know how a set is fetched or for how long it serves.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::trusted::{Rules, TrustedKey};

/// Keys of a set that are looked at; the rest is left out.
const KEYS_MAX: usize = 100;

/// A published set, its keys not yet looked at: one of a new kind must not spoil the rest.
#[derive(Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys for checking tokens, by `kid`; of two with one `kid`, the first.
    pub(super) fn usable(self, rules: &Rules) -> HashMap<String, Arc<TrustedKey>> {
        let mut keys = HashMap::new();
        for value in self.keys.into_iter().take(KEYS_MAX) {
            if let Some((kid, algorithm, key)) = usable(value) {
                let key = || Arc::new(TrustedKey::new(algorithm, key, rules));
                keys.entry(kid).or_insert_with(key);
            }
        }
        keys
    }
}

fn usable(value: Value) -> Option<(String, Algorithm, DecodingKey)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = algorithm(&jwk)?;
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, algorithm, key))
}

/// What a key is for: what kind it is says that, and where it says more, that must agree. Shared secrets
/// (`oct`) are left out: what is published is none.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|u| *u == PublicKeyUse::Signature);
    let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
    let agrees = common.key_algorithm.is_none_or(|stated| stated == named)
        && common.key_operations.as_ref().is_none_or(verifies);
    (signs && agrees).then_some(algorithm)
}
