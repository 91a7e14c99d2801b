//! Paths: with and without a trailing slash, and the room named in one. Knows no operation.

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::MethodRouter;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;

use crate::Shared;
use crate::problem::Problem;

/// A route that answers with and without a trailing slash.
pub(crate) fn at(path: &str, methods: MethodRouter<Shared>) -> Router<Shared> {
    let slashed = format!("{path}/");
    Router::new()
        .route(path, methods.clone())
        .route(&slashed, methods)
}

/// The room that the path names in its one parameter. What is no room's id names no room: 404.
pub(crate) struct InPath(pub(crate) RoomId);

impl FromRequestParts<Shared> for InPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, app).await.ok();
        let id = named.and_then(|Path(text)| RoomId::parse("roomId", &text).ok());
        id.map(Self)
            .ok_or_else(|| Error::NotFound("there is no such room".into()).into())
    }
}
