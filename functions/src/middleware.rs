//! What every request goes through, in its order: CORS → the whole body → done to its end → traced → the route. Knows no operation.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower::{Layer, Service, layer::layer_fn};

use crate::problem::Problem;
use crate::to_its_end::{self, to_its_end};
use crate::{Shared, body, cors, traced};

/// A route with what surrounds it. One service of its own for all of that, and not a function of axum's `from_fn` for each: those
/// copy the route and put what is under way into a box once for each, at every request.
#[derive(Clone)]
pub(crate) struct Surrounded<S> {
    app: Shared,
    places: Arc<Semaphore>,
    route: S,
}

/// Surrounds routes.
pub(crate) fn layer<S>(app: Shared) -> impl Layer<S, Service = Surrounded<S>> + Clone {
    let places = to_its_end::places();
    layer_fn(move |route| Surrounded {
        app: app.clone(),
        places: places.clone(),
        route,
    })
}

impl<S> Service<Request> for Surrounded<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // The one that is ready is the one that is called.
        let ready = self.route.clone();
        let mut route = std::mem::replace(&mut self.route, ready);
        let (app, places) = (self.app.clone(), self.places.clone());
        // In one piece: each function that a request is handed on to, and that waits for something, has it copied twice.
        Box::pin(async move {
            let origin = cors::allowed(&app.origins, request.headers());
            let mut answer = if cors::is_preflight(&request) {
                cors::preflight(request.headers(), origin.is_some())
            } else if let Err(why) = body::gather(&mut request).await {
                Problem::from(why).into_response()
            } else {
                let changes = !request.method().is_safe();
                let watched = traced::begin(&mut request);
                let work = Box::pin(async move {
                    let Ok(mut answer) = route.call(request).await;
                    watched.end(&mut answer);
                    answer
                });
                match changes {
                    true => to_its_end(places, work).await,
                    false => work.await,
                }
            };
            cors::mark(answer.headers_mut(), origin);
            Ok(answer)
        })
    }
}
