//! What is read from tokens that are all right.

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::forge::{at, claims, hs256_token};
use super::*;

/// Without a runtime: a token signed with the shared secret is checked without waiting for anything.
fn identity(changes: Value) -> Result<Identity, AuthError> {
    let token = hs256_token(SECRET, &claims(changes));
    let checked = authenticator(&hs256()).verify(&token).now_or_never();
    let checked = checked.expect("is there at once");
    checked.map(|identity| (*identity).clone())
}

#[test]
fn the_least_a_user_s_token_says_is_who_and_until_when() {
    let exp = at(600);
    let identity = identity(json!({"exp": exp})).unwrap();
    let expected = Identity {
        uid: "u1".into(),
        nickname: "Sky".into(),
        picture: None,
        service: false,
        expires_at_ms: (exp + LEEWAY_S) * 1_000,
    };
    assert_eq!(identity, expected);
}

#[test]
fn a_whole_number_is_a_subject_too() {
    assert_eq!(identity(json!({"sub": 42})).unwrap().uid, "42");
    assert_eq!(identity(json!({"sub": -1})).unwrap().uid, "-1");
    for sub in [json!(1.5), json!(true), json!(["u1"]), json!({"id": "u1"})] {
        assert!(identity(json!({"sub": sub})).is_err(), "{sub}");
    }
}

#[test]
fn a_fraction_of_a_second_in_exp_is_a_number_too() {
    let exp = at(600);
    let identity = identity(json!({"exp": exp as f64 + 0.25})).unwrap();
    assert_eq!(identity.expires_at_ms, (exp + LEEWAY_S) * 1_000);
}

#[test]
fn an_exp_beyond_all_time_does_not_wrap_around() {
    let identity = identity(json!({"exp": u64::MAX})).unwrap();
    assert_eq!(identity.expires_at_ms, u64::MAX);
}

#[test]
fn service_is_a_whole_word_of_the_scope() {
    for scope in [
        json!("service"),
        json!("rooms service"),
        json!(["rooms", "service"]),
    ] {
        assert!(
            identity(json!({"scope": scope})).unwrap().service,
            "{scope}"
        );
    }
    for scope in [
        json!(""),
        json!("services"),
        json!("SERVICE"),
        json!("a-service"),
        json!([]),
        json!(["rooms service"]),
    ] {
        assert!(
            !identity(json!({"scope": scope})).unwrap().service,
            "{scope}"
        );
    }
}

#[test]
fn only_a_service_needs_no_nickname() {
    let service = identity(json!({"scope": "service", "nickname": null})).unwrap();
    assert!(service.service && service.nickname.is_empty());
    let user = identity(json!({"scope": "rooms", "nickname": null}));
    assert_eq!(user, Err(AuthError::BadClaim("nickname")));
}

#[test]
fn claims_of_a_wrong_type_are_named() {
    for (name, value) in [
        ("sub", Value::Null),
        ("sub", json!(1.5)),
        ("nickname", json!(7)),
        ("picture", json!(["a"])),
        ("scope", json!({"service": true})),
        ("scope", json!(["service", 1])),
    ] {
        let changes = json!({name: value});
        assert_eq!(
            identity(changes.clone()),
            Err(AuthError::BadClaim(name)),
            "{changes}"
        );
    }
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    // Ten seconds either way would be the very edge; the clock goes on during the test.
    assert!(identity(json!({"exp": at(-3)})).is_ok());
    assert!(identity(json!({"nbf": at(8)})).is_ok());
}

#[test]
fn without_a_leeway_a_token_is_over_in_the_second_it_names() {
    let settings = AuthSettings {
        leeway_s: 0,
        ..hs256()
    };
    let token = hs256_token(SECRET, &claims(json!({"exp": at(0)})));
    let checked = authenticator(&settings)
        .verify(&token)
        .now_or_never()
        .unwrap();
    assert_eq!(checked, Err(AuthError::Expired));
}
