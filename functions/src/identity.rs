//! Who is asking, by the token in the `Authorization` header. Knows no operation.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use roomtone_shared::auth::{self, AuthError, Identity, profile};
use roomtone_shared::domain::user::Profile;
use roomtone_shared::error::{Error, Result};

use crate::Shared;
use crate::problem::Problem;

/// A logged-in user: the bearer of a token with a nickname. A service's token with one is a user's too.
#[derive(Clone, Debug)]
pub(crate) struct User(pub(crate) Profile);

/// The playlist server: the bearer of a token with the scope `service`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service;

/// A user or the playlist server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anybody;

impl FromRequestParts<Shared> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let identity = identify(parts, app).await?;
        Ok(Self(profile(&identity)?))
    }
}

impl FromRequestParts<Shared> for Service {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        if identify(parts, app).await?.service {
            return Ok(Self);
        }
        Err(Error::Forbidden("this is for tokens with the scope `service` only".into()).into())
    }
}

impl FromRequestParts<Shared> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        identify(parts, app).await?;
        Ok(Self)
    }
}

async fn identify(parts: &Parts, app: &Shared) -> Result<Arc<Identity>> {
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(auth::bearer).ok_or(AuthError::Missing)?;
    Ok(app.auth.verify(token).await?)
}

#[cfg(test)]
mod tests {
    use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;
    use crate::testing::{Call, Town};

    fn identity(uid: &str, nickname: &str, picture: Option<&str>, service: bool) -> Identity {
        Identity {
            uid: uid.into(),
            nickname: nickname.into(),
            picture: picture.map(Into::into),
            service,
            expires_at_ms: u64::MAX,
        }
    }

    #[test]
    fn a_user_has_a_nickname_and_an_id_that_are_by_the_rules() {
        let user = profile(&identity("u1", "하늘", Some("/p.svg"), false)).unwrap();
        assert_eq!(
            (
                user.uid.as_str(),
                &*user.nick_name,
                user.profile_image.as_deref()
            ),
            ("u1", "하늘", Some("/p.svg"))
        );
        for (uid, nickname) in [
            ("", "Sky"),
            ("u1", ""),
            ("u1", " "),
            (&*"x".repeat(65), "Sky"),
        ] {
            let refused = profile(&identity(uid, nickname, None, false));
            assert!(
                matches!(refused, Err(Error::Unauthenticated(_))),
                "{uid} {nickname}"
            );
        }
    }

    #[test]
    fn a_service_without_a_nickname_is_no_user() {
        assert!(matches!(
            profile(&identity("s", "", None, true)),
            Err(Error::Forbidden(_))
        ));
        assert!(profile(&identity("s", "Sky", None, true)).is_ok());
    }

    #[test]
    fn a_picture_that_cannot_be_shown_is_left_out() {
        let user = profile(&identity(
            "u1",
            "Sky",
            Some("http://images.example/1.png"),
            false,
        ))
        .unwrap();
        assert_eq!(user.profile_image, None);
    }

    #[tokio::test]
    async fn a_header_without_a_good_token_is_refused() {
        let town = Town::new();
        let call = || Call::get("/v1/api/rooms/joined");
        let token = town.user("u1");
        for value in [
            "",
            "Bearer",
            "Bearer x.y.z",
            "Basic dTE6eA==",
            &token,
            &format!("Bearer {token}x"),
        ] {
            let answer = town.call(call().header(AUTHORIZATION, value)).await;
            assert_eq!(
                answer.problem(),
                (401, "/problems/unauthenticated"),
                "{value}"
            );
            assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer");
        }
        let answer = town
            .call(call().header(AUTHORIZATION, &format!("bearer {token}")))
            .await;
        assert_eq!(answer.status, 200);
    }

    #[tokio::test]
    async fn keys_that_cannot_be_had_are_no_fault_of_the_token() {
        let town = Town::with_published_keys("http://127.0.0.1:1/keys");
        let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k1"}"#);
        let answer = town
            .call(Call::get("/v1/api/rooms/joined").token(&format!("{head}.e30.c2ln")))
            .await;
        assert_eq!(answer.problem(), (503, "/problems/unavailable"));
        assert_eq!(answer.headers[RETRY_AFTER], "1");
    }
}
