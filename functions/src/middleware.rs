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
use crate::{Shared, body, cors, to_its_end, traced};

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

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that is ready is the one that is called.
        let ready = self.route.clone();
        let called = Self {
            app: self.app.clone(),
            places: self.places.clone(),
            route: std::mem::replace(&mut self.route, ready),
        };
        Box::pin(async { Ok(called.answer(request).await) })
    }
}

impl<S> Surrounded<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Send + 'static,
{
    async fn answer(self, request: Request) -> Response {
        let origin = cors::allowed(&self.app.origins, request.headers());
        let mut answer = if cors::is_preflight(&request) {
            cors::preflight(request.headers(), origin.is_some())
        } else {
            match body::whole_of(request).await {
                Ok(request) => self.whole(request).await,
                Err(why) => Problem::from(why).into_response(),
            }
        };
        cors::mark(answer.headers_mut(), origin);
        answer
    }

    async fn whole(self, request: Request) -> Response {
        let changes = !request.method().is_safe();
        let work = traced::trace(request, self.route);
        match changes {
            true => to_its_end::to_its_end(self.places, work).await,
            false => work.await,
        }
    }
}
