//! Makes tokens of any content, signed by any method: also such as no issuer would make.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::rsa_test_key::RSA_TEST_KEY;

/// Seconds since 1970, `offset` from now.
pub(super) fn at(offset: i64) -> u64 {
    jsonwebtoken::get_current_timestamp()
        .checked_add_signed(offset)
        .unwrap()
}

/// Claims that are all right, with some of them set otherwise; `null` takes one away.
pub(super) fn claims(changes: Value) -> Value {
    let mut claims = json!({"sub": "u1", "nickname": "Sky", "exp": at(600)});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Header and claims, each written as it is, and what `sign` makes of them.
pub(super) fn forge(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = base64url(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

/// A token signed with HS256 by a secret.
pub(super) fn hs256_token(secret: impl AsRef<[u8]>, claims: &Value) -> String {
    forge(r#"{"alg":"HS256"}"#, &claims.to_string(), |m| {
        hmac_sha256(secret.as_ref(), m)
    })
}

/// A pair of keys, as an issuer has them.
pub(super) trait Issuer {
    const ALG: &'static str;
    fn sign(&self, message: &[u8]) -> Vec<u8>;
    /// The public key as it is published.
    fn jwk(&self, kid: &str) -> Value;

    fn token(&self, kid: &str, claims: &Value) -> String {
        let header = json!({"alg": Self::ALG, "kid": kid}).to_string();
        forge(&header, &claims.to_string(), |m| self.sign(m))
    }
}

/// ECDSA on P-256, made anew for each test.
pub(super) struct Es256(EcdsaKeyPair);

impl Es256 {
    pub(super) fn generate() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap())
    }
}

impl Issuer for Es256 {
    const ALG: &'static str = "ES256";

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    fn jwk(&self, kid: &str) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (base64url(x), base64url(y));
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": x, "y": y})
    }
}

/// RSA with the key of the tests.
pub(super) struct Rs256(RsaKeyPair);

impl Rs256 {
    pub(super) fn fixed() -> Self {
        let der = STANDARD.decode(RSA_TEST_KEY).unwrap();
        Self(RsaKeyPair::from_der(&der).unwrap())
    }

    fn components(&self) -> RsaPublicKeyComponents<Vec<u8>> {
        self.0.public().into()
    }

    /// The public key in forms that somebody may take for a shared secret: DER, its PEM, the modulus.
    pub(super) fn public_forms(&self) -> Vec<Vec<u8>> {
        let der = self.0.public_key().as_ref().to_vec();
        let base64 = STANDARD.encode(&der);
        let pem =
            format!("-----BEGIN RSA PUBLIC KEY-----\n{base64}\n-----END RSA PUBLIC KEY-----\n");
        let n = self.components().n;
        let n_text = base64url(&n).into_bytes();
        vec![der, pem.into_bytes(), n, n_text]
    }
}

impl Issuer for Rs256 {
    const ALG: &'static str = "RS256";

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let padding: &'static dyn signature::RsaEncoding = &RSA_PKCS1_SHA256;
        let random = SystemRandom::new();
        self.0
            .sign(padding, &random, message, &mut signature)
            .unwrap();
        signature
    }

    fn jwk(&self, kid: &str) -> Value {
        let RsaPublicKeyComponents { n, e } = self.components();
        let (n, e) = (base64url(n), base64url(e));
        json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": n, "e": e})
    }
}
