//! Routes: with and without a trailing slash, surrounded by what every request goes through; and the room named in a path. Knows
//! no operation.

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::routing::{self, MethodFilter};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;

use crate::Shared;
use crate::middleware::Surrounded;
use crate::problem::Problem;

/// `GET` of this path, and `HEAD`.
pub(crate) fn get<T: 'static>(
    path: &'static str,
    handler: impl Handler<T, Shared, Future: Unpin>,
) -> Router<Shared> {
    on(MethodFilter::GET, path, handler)
}

/// `PATCH` of this path.
pub(crate) fn patch<T: 'static>(
    path: &'static str,
    handler: impl Handler<T, Shared, Future: Unpin>,
) -> Router<Shared> {
    on(MethodFilter::PATCH, path, handler)
}

/// `POST` to this path.
pub(crate) fn post<T: 'static>(
    path: &'static str,
    handler: impl Handler<T, Shared, Future: Unpin>,
) -> Router<Shared> {
    on(MethodFilter::POST, path, handler)
}

/// `PUT` to this path.
pub(crate) fn put<T: 'static>(
    path: &'static str,
    handler: impl Handler<T, Shared, Future: Unpin>,
) -> Router<Shared> {
    on(MethodFilter::PUT, path, handler)
}

fn on<T: 'static>(
    method: MethodFilter,
    path: &'static str,
    handler: impl Handler<T, Shared, Future: Unpin>,
) -> Router<Shared> {
    let methods = routing::on(method, Surrounded::new(path, handler));
    let methods = methods.fallback(Surrounded::new(path, || async {
        Problem::method_not_allowed()
    }));
    Router::new()
        .route(path, methods.clone())
        .route(&format!("{path}/"), methods)
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
