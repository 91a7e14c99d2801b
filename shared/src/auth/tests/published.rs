//! Tokens signed with keys that an issuer publishes: a server of this process, which changes its keys,
//! is slow, or goes away.

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::forge::{Es256, Issuer, Rs256, at, claims, hs256_token};
use super::*;
use crate::auth::jwks::Pace;
use crate::outbound::tests::{Answer, TestServer};

const LONG: Duration = Duration::from_secs(3_600);

fn keys(keys: &[Value]) -> Answer {
    Answer::json(&json!({ "keys": keys }))
}

fn with_pace(server: &TestServer, change: impl Fn(&mut Pace)) -> Authenticator {
    let mut pace = Pace {
        rest: Duration::ZERO,
        ..Pace::default()
    };
    change(&mut pace);
    let settings = AuthSettings {
        jwks_url: Some(server.url().into()),
        ..AuthSettings::default()
    };
    Authenticator::with_pace(&settings, Outbound::new(), pace).unwrap()
}

fn token(issuer: &impl Issuer, kid: &str) -> String {
    issuer.token(kid, &claims(json!({})))
}

#[tokio::test]
async fn tokens_by_rsa_and_by_elliptic_curves_are_accepted_after_one_fetch() {
    let (rsa, ec) = (Rs256::fixed(), Es256::generate());
    let server = TestServer::start(keys(&[rsa.jwk("k1"), ec.jwk("k2")])).await;
    let authenticator = with_pace(&server, |_| ());
    assert_eq!(server.requests(), 0);
    for _ in 0..3 {
        assert_eq!(
            authenticator.verify(&token(&rsa, "k1")).await.unwrap().uid,
            "u1"
        );
        assert_eq!(
            authenticator.verify(&token(&ec, "k2")).await.unwrap().uid,
            "u1"
        );
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_published_key_checks_nothing_but_its_own_tokens() {
    let (rsa, ec, foreign) = (Rs256::fixed(), Es256::generate(), Es256::generate());
    let server = TestServer::start(keys(&[rsa.jwk("k1"), ec.jwk("k2")])).await;
    let authenticator = with_pace(&server, |pace| pace.rest = LONG);
    let expired = ec.token("k2", &claims(json!({"exp": at(-60)})));
    let nameless = {
        let text = claims(json!({})).to_string();
        super::forge::forge(r#"{"alg":"ES256"}"#, &text, |m| ec.sign(m))
    };
    for (token, expected) in [
        (token(&foreign, "k2"), AuthError::BadSignature),
        (token(&ec, "k1"), AuthError::WrongAlgorithm),
        (token(&rsa, "k2"), AuthError::WrongAlgorithm),
        (token(&ec, "k3"), AuthError::UnknownKey),
        (nameless, AuthError::UnknownKey),
        (expired, AuthError::Expired),
    ] {
        assert_eq!(authenticator.verify(&token).await, Err(expected));
    }
    for public in rsa.public_forms() {
        let forged = hs256_token(public, &claims(json!({})));
        assert_eq!(
            authenticator.verify(&forged).await,
            Err(AuthError::WrongAlgorithm)
        );
    }
}

#[tokio::test]
async fn with_a_secret_configured_too_a_public_key_is_still_none() {
    let rsa = Rs256::fixed();
    let server = TestServer::start(keys(&[rsa.jwk("k1")])).await;
    let settings = AuthSettings {
        jwks_url: Some(server.url().into()),
        ..hs256()
    };
    let authenticator = authenticator(&settings);
    assert!(authenticator.verify(&token(&rsa, "k1")).await.is_ok());
    let by_secret = hs256_token(SECRET, &claims(json!({})));
    assert!(authenticator.verify(&by_secret).await.is_ok());
    for public in rsa.public_forms() {
        let forged = hs256_token(public, &claims(json!({})));
        assert_eq!(
            authenticator.verify(&forged).await,
            Err(AuthError::BadSignature)
        );
    }
}

#[tokio::test]
async fn published_keys_for_anything_else_are_left_out_and_do_not_spoil_the_rest() {
    let (rsa, ec) = (Rs256::fixed(), Es256::generate());
    let changed = |kid: &str, name: &str, value: Value| {
        let mut jwk = ec.jwk(kid);
        jwk[name] = value;
        jwk
    };
    let server = TestServer::start(keys(&[
        json!({"kty": "oct", "kid": "shared", "k": super::forge::base64url(SECRET)}),
        json!({"kty": "new", "kid": "new"}),
        json!("no key"),
        changed("encrypting", "use", json!("enc")),
        changed("signing", "key_ops", json!(["sign"])),
        changed("other-alg", "alg", json!("ES384")),
        changed("other-curve", "crv", json!("P-384")),
        changed("not-base64", "x", json!("?")),
        rsa.jwk("rsa"),
        changed("plain", "alg", Value::Null),
    ]))
    .await;
    let authenticator = with_pace(&server, |pace| pace.rest = LONG);
    assert!(authenticator.verify(&token(&rsa, "rsa")).await.is_ok());
    assert!(authenticator.verify(&token(&ec, "plain")).await.is_ok());
    for kid in [
        "new",
        "encrypting",
        "signing",
        "other-alg",
        "other-curve",
        "not-base64",
    ] {
        let checked = authenticator.verify(&token(&ec, kid)).await;
        assert_eq!(checked, Err(AuthError::UnknownKey), "{kid}");
    }
    let shared = hs256_token(SECRET, &claims(json!({})));
    assert_eq!(
        authenticator.verify(&shared).await,
        Err(AuthError::WrongAlgorithm)
    );
}

#[tokio::test]
async fn a_new_key_is_known_with_the_first_token_it_signs_and_a_withdrawn_one_is_not() {
    let (old, new) = (Es256::generate(), Es256::generate());
    let server = TestServer::start(keys(&[old.jwk("k1")])).await;
    let authenticator = with_pace(&server, |_| ());
    assert!(authenticator.verify(&token(&old, "k1")).await.is_ok());
    server.answer_with(keys(&[new.jwk("k2")]));
    assert!(authenticator.verify(&token(&new, "k2")).await.is_ok());
    assert_eq!(
        authenticator.verify(&token(&old, "k1")).await,
        Err(AuthError::UnknownKey)
    );
}

#[tokio::test]
async fn unknown_keys_bring_about_no_more_than_one_fetch_in_a_while() {
    let ec = Es256::generate();
    let server = TestServer::start(keys(&[ec.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.rest = LONG);
    for n in 0..100 {
        let checked = authenticator
            .verify(&token(&ec, &format!("unknown-{n}")))
            .await;
        assert_eq!(checked, Err(AuthError::UnknownKey));
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn all_who_wait_for_keys_share_one_fetch() {
    let ec = Es256::generate();
    let server = TestServer::start(keys(&[ec.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.rest = LONG);
    let token = token(&ec, "k1");
    let checked = join_all((0..100).map(|_| authenticator.verify(&token))).await;
    assert!(checked.iter().all(Result::is_ok));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_fetch_goes_on_when_whoever_asked_first_goes_away() {
    let ec = Es256::generate();
    let server = TestServer::start(keys(&[ec.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.rest = LONG);
    let token = token(&ec, "k1");
    let mut first = Box::pin(authenticator.verify(&token));
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    assert!(authenticator.verify(&token).await.is_ok());
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_old_set_serves_while_it_is_renewed_behind() {
    let (old, new) = (Es256::generate(), Es256::generate());
    let server = TestServer::start(keys(&[old.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.renew_after = Duration::ZERO);
    assert!(authenticator.verify(&token(&old, "k1")).await.is_ok());
    server.answer_with(keys(&[new.jwk("k1")]));
    // Answered by the key at hand, which is the old one; the new one then replaces it.
    assert!(authenticator.verify(&token(&old, "k1")).await.is_ok());
    let replaced = async {
        while authenticator.verify(&token(&old, "k1")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(5), replaced).await;
    assert!(in_time.is_ok());
    assert!(authenticator.verify(&token(&new, "k1")).await.is_ok());
}

#[tokio::test]
async fn known_keys_serve_while_the_issuer_is_away_and_unknown_ones_are_worth_another_try() {
    let ec = Es256::generate();
    let server = TestServer::start(keys(&[ec.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.renew_after = Duration::ZERO);
    assert!(authenticator.verify(&token(&ec, "k1")).await.is_ok());
    let answers = [
        Answer::Whole(503, Vec::new()),
        Answer::Whole(200, b"{}".to_vec()),
    ];
    for away in answers {
        server.answer_with(away);
        let unknown = authenticator.verify(&token(&ec, "k2")).await;
        assert_eq!(unknown, Err(AuthError::KeysUnavailable));
        assert!(authenticator.verify(&token(&ec, "k1")).await.is_ok());
    }
    drop(server);
    let unknown = authenticator.verify(&token(&ec, "k2")).await;
    assert_eq!(unknown, Err(AuthError::KeysUnavailable));
    assert!(authenticator.verify(&token(&ec, "k1")).await.is_ok());
}

#[tokio::test]
async fn keys_serve_an_issuer_that_is_away_only_so_long() {
    let ec = Es256::generate();
    let server = TestServer::start(keys(&[ec.jwk("k1")])).await;
    let authenticator = with_pace(&server, |pace| pace.serve_for = Duration::ZERO);
    let checked = authenticator.verify(&token(&ec, "k1")).await;
    assert_eq!(checked, Err(AuthError::KeysUnavailable));
}

#[tokio::test]
async fn an_issuer_that_is_away_from_the_start_is_asked_again() {
    let ec = Es256::generate();
    let server = TestServer::start(Answer::Whole(500, Vec::new())).await;
    let authenticator = with_pace(&server, |_| ());
    let token = token(&ec, "k1");
    assert_eq!(
        authenticator.verify(&token).await,
        Err(AuthError::KeysUnavailable)
    );
    server.answer_with(keys(&[ec.jwk("k1")]));
    assert!(authenticator.verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_silent_issuer_is_not_waited_for_longer_than_patience_lasts() {
    let ec = Es256::generate();
    let server = TestServer::start(Answer::Silence).await;
    let authenticator = with_pace(&server, |pace| {
        pace.patience = Duration::from_millis(50);
        pace.rest = LONG;
    });
    let token = token(&ec, "k1");
    let checked = join_all((0..20).map(|_| authenticator.verify(&token))).await;
    assert!(
        checked
            .iter()
            .all(|c| *c == Err(AuthError::KeysUnavailable))
    );
    assert_eq!(server.requests(), 1);
}
