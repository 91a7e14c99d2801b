//! `POST /dev/token`: the local run signs a token for whoever asks. It exists nowhere else.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use roomtone_functions::problem::Problem;
use roomtone_shared::auth::{Claims, Signer};
use roomtone_shared::domain::user::{Profile, ProfileFields, ProfileValues, Uid};
use roomtone_shared::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a token is good for.
const GOOD_FOR: Duration = Duration::from_secs(12 * 3600);

#[derive(Deserialize)]
struct Asked {
    uid: Option<Value>,
    nickname: Option<String>,
    picture: Option<String>,
    scope: Option<String>,
}

/// The route.
pub(crate) fn routes(signer: Signer) -> Router {
    Router::new()
        .route("/dev/token", post(give).fallback(not_allowed))
        .route("/dev/token/", post(give).fallback(not_allowed))
        .with_state(signer)
}

async fn not_allowed() -> Problem {
    Problem::method_not_allowed()
}

async fn give(State(signer): State<Signer>, body: Bytes) -> Response {
    match sign(&signer, &body) {
        Ok(token) => Json(json!({ "token": token })).into_response(),
        Err(why) => Problem::from(why).into_response(),
    }
}

fn sign(signer: &Signer, body: &[u8]) -> Result<String> {
    let asked: Asked = serde_json::from_slice(body).map_err(|why| {
        Error::Malformed(format!(
            "the body is not {{uid, nickname?, picture?, scope?}}: {why}"
        ))
    })?;
    let uid = match &asked.uid {
        Some(Value::String(uid)) => uid.clone(),
        Some(Value::Number(uid)) => uid.to_string(),
        Some(_) => return Err(Error::Malformed("uid: must be a string or a number".into())),
        None => return Err(Error::invalid("uid", "is missing")),
    };
    let claims = Claims {
        uid,
        nickname: asked.nickname,
        picture: asked.picture,
        scope: asked.scope,
    };
    check(&claims)?;
    signer
        .sign(&claims, GOOD_FOR)
        .map_err(|_| Error::Unavailable("signing"))
}

/// A token that would be refused is of no use to anybody. A service's has no nickname where none is asked for, and is no user's then.
fn check(claims: &Claims) -> Result<()> {
    let fields = ProfileFields {
        uid: "uid",
        nick_name: "nickname",
        profile_image: "picture",
    };
    let Some(nickname) = &claims.nickname else {
        Uid::parse(fields.uid, &claims.uid)?;
        return match claims.service() {
            true => Ok(()),
            false => Err(Error::invalid(fields.nick_name, "is missing")),
        };
    };
    let values = ProfileValues {
        uid: &claims.uid,
        nick_name: nickname,
        profile_image: claims.picture.as_deref(),
    };
    Profile::parse(fields, values).map(drop)
}
