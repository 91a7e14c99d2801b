//! The table of wrong tokens: every one is refused, and for the reason it should be.

use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::forge::{Es256, Issuer, Rs256, at, base64url, claims, forge, hmac_sha256, hs256_token};
use super::*;

fn strict() -> AuthSettings {
    AuthSettings {
        issuer: Some(ISSUER.into()),
        audience: Some(AUDIENCE.into()),
        ..hs256()
    }
}

fn good(changes: Value) -> Value {
    let mut all = json!({"iss": ISSUER, "aud": AUDIENCE});
    all.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    claims(all)
}

fn verify(settings: &AuthSettings, token: &str) -> Result<Arc<Identity>, AuthError> {
    let checked = authenticator(settings).verify(token).now_or_never();
    checked.expect("no key has to be fetched")
}

fn refusal(token: &str) -> AuthError {
    verify(&strict(), token).unwrap_err()
}

#[test]
fn the_token_that_the_wrong_ones_are_made_of_is_accepted() {
    let token = hs256_token(SECRET, &good(json!({})));
    assert!(verify(&strict(), &token).is_ok());
    let several = hs256_token(SECRET, &good(json!({"aud": ["other", AUDIENCE]})));
    assert!(verify(&strict(), &several).is_ok());
}

#[test]
fn wrong_claims_are_refused_though_the_signature_holds() {
    use AuthError::{BadClaim, Expired, Malformed, NotYetValid, WrongAudience, WrongIssuer};
    let exp = at(600);
    for (changes, expected) in [
        (json!({"exp": at(-60)}), Expired),
        (json!({"exp": 0}), Expired),
        (json!({"exp": null}), BadClaim("exp")),
        (json!({"exp": exp.to_string()}), BadClaim("exp")),
        (json!({"exp": [exp]}), Malformed),
        (json!({"exp": {"at": exp}}), Malformed),
        (json!({"exp": true}), BadClaim("exp")),
        (json!({"exp": -1}), BadClaim("exp")),
        (json!({"exp": 1e300}), BadClaim("exp")),
        (json!({"nbf": at(60)}), NotYetValid),
        (json!({"nbf": at(-60).to_string()}), BadClaim("nbf")),
        (json!({"iss": "https://other.example"}), WrongIssuer),
        (json!({"iss": null}), WrongIssuer),
        (json!({"iss": 1}), WrongIssuer),
        (json!({"iss": format!("{ISSUER}/")}), WrongIssuer),
        (json!({"aud": "other"}), WrongAudience),
        (json!({"aud": null}), WrongAudience),
        (json!({"aud": []}), WrongAudience),
        (json!({"aud": ["other"]}), WrongAudience),
        (json!({"aud": 1}), WrongAudience),
        (json!({"sub": null}), BadClaim("sub")),
        (json!({"nickname": null}), BadClaim("nickname")),
    ] {
        let token = hs256_token(SECRET, &good(changes.clone()));
        assert_eq!(refusal(&token), expected, "{changes}");
    }
}

#[test]
fn a_claim_that_is_there_twice_is_refused() {
    let (past, future) = (at(-60), at(600));
    let claims = format!(r#"{{"sub":"u1","nickname":"Sky","exp":{past},"exp":{future}}}"#);
    let token = forge(r#"{"alg":"HS256"}"#, &claims, |m| {
        hmac_sha256(SECRET.as_bytes(), m)
    });
    assert_eq!(verify(&hs256(), &token), Err(AuthError::Malformed));
}

#[test]
fn a_token_for_somebody_in_particular_is_refused_where_no_audience_is_configured() {
    let token = hs256_token(SECRET, &claims(json!({"aud": "other"})));
    assert_eq!(verify(&hs256(), &token), Err(AuthError::WrongAudience));
}

#[test]
fn no_signature_but_the_secret_s_holds() {
    let token = hs256_token(SECRET, &good(json!({})));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let other_claims = base64url(good(json!({"sub": "u2"})).to_string());
    for forged in [
        hs256_token("another-secret-of-32-bytes-and-more", &good(json!({}))),
        format!("{message}.{}", base64url([0; 32])),
        format!("{message}.{}", base64url([])),
        format!("{message}.{}", &signature[..20]),
        format!("{header}.{other_claims}.{signature}"),
    ] {
        assert_eq!(refusal(&forged), AuthError::BadSignature, "{forged}");
    }
}

#[test]
fn the_token_does_not_choose_how_it_is_checked() {
    let claims = good(json!({})).to_string();
    let by_secret = |m: &[u8]| hmac_sha256(SECRET.as_bytes(), m);
    for alg in ["none", "None", "NONE", "", "hs256"] {
        let header = json!({"alg": alg}).to_string();
        assert_eq!(
            refusal(&forge(&header, &claims, by_secret)),
            AuthError::Malformed,
            "{alg}"
        );
        assert_eq!(
            refusal(&forge(&header, &claims, |_| Vec::new())),
            AuthError::Malformed,
            "{alg}"
        );
    }
    for alg in ["HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
        let header = json!({"alg": alg, "kid": "k1"}).to_string();
        let token = forge(&header, &claims, by_secret);
        assert_eq!(refusal(&token), AuthError::WrongAlgorithm, "{alg}");
    }
}

#[test]
fn a_key_that_the_token_brings_along_or_points_to_is_not_used() {
    let own = Es256::generate();
    let claims = good(json!({})).to_string();
    for header in [
        json!({"alg": "ES256", "kid": "k1", "jwk": own.jwk("k1")}),
        json!({"alg": "ES256", "kid": "k1", "jku": "http://127.0.0.1:1/keys"}),
    ] {
        let token = forge(&header.to_string(), &claims, |m| own.sign(m));
        assert_eq!(refusal(&token), AuthError::WrongAlgorithm, "{header}");
    }
    let header = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": base64url("x".repeat(32))}});
    let token = forge(&header.to_string(), &claims, |m| {
        hmac_sha256("x".repeat(32).as_bytes(), m)
    });
    assert_eq!(refusal(&token), AuthError::BadSignature);
}

#[test]
fn an_extension_that_must_be_understood_is_not() {
    let header = r#"{"alg":"HS256","crit":["b64"],"b64":false}"#;
    let token = forge(header, &good(json!({})).to_string(), |m| {
        hmac_sha256(SECRET.as_bytes(), m)
    });
    assert_eq!(refusal(&token), AuthError::Malformed);
}

#[test]
fn where_keys_are_published_no_shared_secret_is_accepted_nor_a_public_key_for_one() {
    let settings = AuthSettings {
        jwks_url: Some("http://127.0.0.1:1/keys".into()),
        ..AuthSettings::default()
    };
    for public in Rs256::fixed().public_forms() {
        let token = hs256_token(public, &claims(json!({})));
        assert_eq!(verify(&settings, &token), Err(AuthError::WrongAlgorithm));
    }
}

#[test]
fn what_is_no_token_is_refused_unread() {
    let token = hs256_token(SECRET, &good(json!({})));
    let long = hs256_token(SECRET, &good(json!({"more": "x".repeat(TOKEN_BYTES_MAX)})));
    let not_json = forge(r#"{"alg":"HS256"}"#, "claims", |m| {
        hmac_sha256(SECRET.as_bytes(), m)
    });
    let list = forge(r#"{"alg":"HS256"}"#, "[]", |m| {
        hmac_sha256(SECRET.as_bytes(), m)
    });
    for garbage in [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "하늘.하늘.하늘",
        &token[1..],
        &format!("{token}="),
        &format!("{token}.{token}"),
        &format!(" {token}"),
        &long,
        &not_json,
        &list,
    ] {
        assert_eq!(refusal(garbage), AuthError::Malformed, "{garbage}");
    }
}
