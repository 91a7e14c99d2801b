//! What every request goes through, in its order: CORS → the whole body → done to its end → traced → the handler. Knows no operation.

use std::pin::Pin;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::to_its_end::to_its_end;
use crate::{Shared, body, cors, traced};

/// A handler with what surrounds it. A handler itself, and not a layer around the routes: axum copies a layered route, and puts
/// what is under way into a box, once more for each layer at every request.
#[derive(Clone)]
pub(crate) struct Surrounded<H> {
    path: &'static str,
    handler: H,
}

impl<H> Surrounded<H> {
    /// Surrounds a handler; traces have the path's template, for their names must not be as many as rooms.
    pub(crate) fn new(path: &'static str, handler: H) -> Self {
        Self { path, handler }
    }
}

impl<H, T> Handler<T, Shared> for Surrounded<H>
where
    H: Handler<T, Shared, Future: Unpin>,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, app: Shared) -> Self::Future {
        // In one piece: each function that a request is handed on to, and that waits for something, has it copied twice.
        Box::pin(async move {
            let origin = cors::allowed(&app.origins, request.headers());
            let mut answer = if cors::is_preflight(&request) {
                cors::preflight(request.headers(), origin.is_some())
            } else if let Err(why) = body::gather(&mut request).await {
                Problem::from(why).into_response()
            } else {
                let changes = !request.method().is_safe();
                let traced = traced::begin(&mut request, self.path);
                let work = traced.until(self.handler.call(request, app));
                match changes {
                    true => to_its_end(work).await,
                    false => work.await,
                }
            };
            cors::mark(answer.headers_mut(), origin);
            answer
        })
    }
}
