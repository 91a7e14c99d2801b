//! Tokens that were good before: by their very text, by keys that still are, and for as long as they last.

use serde_json::json;

use super::forge::{Es256, Issuer, at, claims, hs256_token};
use super::*;
use crate::auth::jwks::Pace;
use crate::auth::known::KNOWN_MAX;
use crate::outbound::tests::{Answer, TestServer};

#[tokio::test]
async fn a_token_is_kept_once_it_was_good_and_never_one_that_was_not() {
    let authenticator = authenticator(&hs256());
    let good = hs256_token(SECRET, &claims(json!({})));
    let late = hs256_token(SECRET, &claims(json!({"exp": at(-60)})));
    let nameless = hs256_token(SECRET, &claims(json!({"nickname": null})));
    let foreign = hs256_token([7; 32], &claims(json!({})));
    for refused in [&late, &nameless, &foreign, "a.b.c"] {
        assert!(authenticator.verify(refused).await.is_err());
    }
    assert_eq!(authenticator.known(), 0);
    let first = authenticator.verify(&good).await.unwrap();
    let again = authenticator.verify(&good).await.unwrap();
    assert_eq!((authenticator.known(), first), (1, again));
}

#[tokio::test]
async fn no_other_signature_holds_behind_what_is_known() {
    let authenticator = authenticator(&hs256());
    let good = hs256_token(SECRET, &claims(json!({})));
    assert!(authenticator.verify(&good).await.is_ok());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    // The last character has bits that are no part of the signature, and must be zero.
    for place in 0..signature.len() {
        let mut other = signature.as_bytes().to_vec();
        other[place] = if other[place] == b'A' { b'Q' } else { b'A' };
        let token = format!("{signed}.{}", String::from_utf8(other).unwrap());
        assert!(authenticator.verify(&token).await.is_err(), "{place}");
    }
    for other in ["", "A", &signature[1..], &format!("{signature}A")] {
        let token = format!("{signed}.{other}");
        assert!(authenticator.verify(&token).await.is_err(), "{other}");
    }
    assert!(authenticator.verify(&good).await.is_ok());
    assert_eq!(authenticator.known(), 1);
}

#[tokio::test]
async fn a_token_that_is_known_runs_out_all_the_same() {
    let settings = AuthSettings {
        leeway_s: 0,
        ..hs256()
    };
    let authenticator = authenticator(&settings);
    let token = hs256_token(SECRET, &claims(json!({"exp": at(2)})));
    assert!(authenticator.verify(&token).await.is_ok());
    let over = async {
        while authenticator.verify(&token).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), over).await;
    assert!(in_time.is_ok());
    let refused = authenticator.verify(&token).await;
    assert_eq!(
        (refused, authenticator.known()),
        (Err(AuthError::Expired), 1)
    );
}

#[tokio::test]
async fn a_token_falls_with_its_key_withdrawn_or_replaced() {
    let (old, new) = (Es256::generate(), Es256::generate());
    let keys = |keys: &[serde_json::Value]| Answer::json(&json!({ "keys": keys }));
    let server = TestServer::start(keys(&[old.jwk("k1"), old.jwk("k2")])).await;
    let settings = AuthSettings {
        jwks_url: Some(server.url().into()),
        ..AuthSettings::default()
    };
    let pace = Pace {
        rest: Duration::ZERO,
        ..Pace::default()
    };
    let authenticator = Authenticator::with_pace(&settings, Outbound::new(), pace).unwrap();
    let (one, two) = (
        old.token("k1", &claims(json!({}))),
        old.token("k2", &claims(json!({}))),
    );
    for token in [&one, &two, &one, &two] {
        assert!(authenticator.verify(token).await.is_ok());
    }
    server.answer_with(keys(&[new.jwk("k2"), new.jwk("k3")]));
    let by_new = new.token("k3", &claims(json!({})));
    assert!(authenticator.verify(&by_new).await.is_ok());
    assert_eq!(authenticator.known(), 3);
    assert_eq!(authenticator.verify(&one).await, Err(AuthError::UnknownKey));
    assert_eq!(
        authenticator.verify(&two).await,
        Err(AuthError::BadSignature)
    );
}

#[tokio::test]
async fn no_more_tokens_are_kept_than_may_be_and_none_that_is_long() {
    let authenticator = authenticator(&hs256());
    for number in 0..KNOWN_MAX + 10 {
        let token = hs256_token(SECRET, &claims(json!({"sub": number})));
        assert!(authenticator.verify(&token).await.is_ok());
        assert!(authenticator.known() <= KNOWN_MAX);
    }
    assert_eq!(authenticator.known(), 10);
    let long = hs256_token(SECRET, &claims(json!({"more": "x".repeat(4_096)})));
    for _ in 0..2 {
        assert!(authenticator.verify(&long).await.is_ok());
    }
    assert_eq!(authenticator.known(), 10);
}
