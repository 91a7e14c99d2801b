//! Tokens made by hand, right and wrong, and what becomes of them.

mod forge;
mod identity;
mod known;
mod published;
mod refused;
mod rsa_test_key;

use std::time::Duration;

use super::*;
use crate::outbound::Outbound;

const SECRET: &str = "a-secret-of-tests-0123456789abcdef";
const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "roomtone";

fn hs256() -> AuthSettings {
    AuthSettings {
        hs256_secret: Some(Secret::new(SECRET)),
        ..AuthSettings::default()
    }
}

fn authenticator(settings: &AuthSettings) -> Authenticator {
    Authenticator::new(settings, Outbound::new()).unwrap()
}

fn wrong(settings: &AuthSettings) -> SettingsError {
    Authenticator::new(settings, Outbound::new()).unwrap_err()
}

#[test]
fn settings_that_cannot_work_are_named_without_their_value() {
    let neither = AuthSettings::default();
    assert_eq!(wrong(&neither).name, "AUTH_HS256_SECRET");

    let short = AuthSettings {
        hs256_secret: Some(Secret::new("hidden-31-bytes-0123456789abcde")),
        ..AuthSettings::default()
    };
    let error = wrong(&short);
    assert_eq!(
        error.to_string(),
        "AUTH_HS256_SECRET: must be at least 32 bytes"
    );
    assert_eq!(Signer::new(&short).unwrap_err(), error);

    let url = AuthSettings {
        jwks_url: Some("https://user:hidden@id.example/keys".into()),
        ..hs256()
    };
    let error = wrong(&url);
    assert_eq!(error.name, "AUTH_JWKS_URL");
    assert!(!error.to_string().contains("hidden"));

    let slack = AuthSettings {
        leeway_s: LEEWAY_S_MAX + 1,
        ..hs256()
    };
    assert_eq!(wrong(&slack).name, "leeway_s");
}

#[test]
fn a_secret_of_exactly_32_bytes_is_enough() {
    let settings = AuthSettings {
        hs256_secret: Some(Secret::new([7; SECRET_BYTES_MIN])),
        ..AuthSettings::default()
    };
    authenticator(&settings);
}

#[test]
fn nothing_shows_a_secret_in_debug() {
    let settings = hs256();
    let signer = Signer::new(&settings).unwrap();
    let authenticator = authenticator(&settings);
    let bytes = format!("{:?}", SECRET.as_bytes());
    for text in [
        format!("{settings:?}"),
        format!("{signer:?}"),
        format!("{authenticator:?}"),
    ] {
        assert!(!text.contains(SECRET) && !text.contains(&bytes), "{text}");
    }
}

#[test]
fn a_secret_that_is_made_is_long_enough_and_no_other_is_like_it() {
    let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    assert!(one.expose().len() >= SECRET_BYTES_MIN);
    assert!(one != other);
}

#[test]
fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
    for value in [
        "Bearer a.b.c",
        "bearer a.b.c",
        "BEARER  a.b.c",
        " Bearer a.b.c ",
    ] {
        assert_eq!(bearer(value), Some("a.b.c"), "{value:?}");
    }
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "a.b.c",
        "Basic a.b.c",
        "Bearera.b.c",
        "Bearer a b",
        "Bearer a\tb",
        "Bearer a.b.c\u{7f}",
        "Bearer a.\u{e4}.c",
        "Bearer a\u{a0}b",
    ] {
        assert_eq!(bearer(value), None, "{value:?}");
    }
}

#[test]
fn what_a_client_is_told_tells_a_bad_token_from_keys_that_are_away() {
    use crate::error::Error;
    assert_eq!(Error::from(AuthError::Expired).status(), 401);
    assert_eq!(Error::from(AuthError::UnknownKey).status(), 401);
    assert_eq!(Error::from(AuthError::KeysUnavailable).status(), 503);
}

#[tokio::test]
async fn a_signed_token_says_who_and_until_when_with_issuer_and_audience_as_configured() {
    let settings = AuthSettings {
        issuer: Some(ISSUER.into()),
        audience: Some(AUDIENCE.into()),
        ..hs256()
    };
    let claims = Claims {
        uid: "u1".into(),
        nickname: Some("하늘".into()),
        picture: Some("https://img.example/u1.png".into()),
        scope: None,
    };
    let before = jsonwebtoken::get_current_timestamp();
    let token = Signer::new(&settings).unwrap();
    let token = token.sign(&claims, Duration::from_secs(60)).unwrap();
    let after = jsonwebtoken::get_current_timestamp();

    let identity = authenticator(&settings).verify(&token).await.unwrap();
    assert_eq!(identity.uid, "u1");
    assert_eq!(identity.nickname, "하늘");
    assert_eq!(
        identity.picture.as_deref(),
        Some("https://img.example/u1.png")
    );
    assert!(!identity.service);
    let until = |signed: u64| (signed + 60 + LEEWAY_S) * 1_000;
    assert!((until(before)..=until(after)).contains(&identity.expires_at_ms));
}
