//! Routes: with and without a trailing slash, surrounded by what every request goes through; and the room named in a path. Knows
//! no operation.

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::routing::{self, MethodRouter};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;

use crate::Shared;
use crate::middleware::Surrounded;
use crate::problem::Problem;

/// `GET` of this path, and `HEAD`.
pub(crate) fn get<H, T>(path: &'static str, handler: H) -> Router<Shared>
where
    H: Handler<T, Shared, Future: Unpin>,
    T: 'static,
{
    at(path, routing::get(Surrounded::new(path, handler)))
}

/// `PATCH` of this path.
pub(crate) fn patch<H, T>(path: &'static str, handler: H) -> Router<Shared>
where
    H: Handler<T, Shared, Future: Unpin>,
    T: 'static,
{
    at(path, routing::patch(Surrounded::new(path, handler)))
}

/// `POST` to this path.
pub(crate) fn post<H, T>(path: &'static str, handler: H) -> Router<Shared>
where
    H: Handler<T, Shared, Future: Unpin>,
    T: 'static,
{
    at(path, routing::post(Surrounded::new(path, handler)))
}

/// `PUT` to this path.
pub(crate) fn put<H, T>(path: &'static str, handler: H) -> Router<Shared>
where
    H: Handler<T, Shared, Future: Unpin>,
    T: 'static,
{
    at(path, routing::put(Surrounded::new(path, handler)))
}

fn at(path: &str, methods: MethodRouter<Shared>) -> Router<Shared> {
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
