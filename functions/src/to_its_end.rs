//! What a request changes is changed to the end though who asked has gone: a function on Lambda does so by itself, a server
//! that drops the work with the connection would leave half of it for a sweep.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use roomtone_shared::error::Error;
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Requests that change something and are done at once; others wait, and are let go of with their connection. Without a bound,
/// whoever asks and hangs up would leave more and more behind.
const CHANGES_MAX: usize = 1_024;

/// The places for them.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CHANGES_MAX))
}

/// Does what changes something in a task of its own, and waits for it. Only the end of the process ends that earlier.
pub(crate) async fn to_its_end(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let place = places.acquire_owned().await;
    let work = tokio::spawn(async move {
        let answer = next.run(request).await;
        drop(place);
        answer
    });
    match work.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(answer) => answer,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The process ends.
        Err(Err(_)) => Problem::from(Error::Unavailable("the server")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use serde_json::json;
    use tokio::time::{sleep, timeout};

    use crate::testing::{Call, Town, playlist};

    #[tokio::test]
    async fn who_hangs_up_leaves_nothing_half_done() {
        let town = Town::new();
        let body = json!({"uid": "u1", "userName": "N", "playlist": playlist("p1")});
        let create = Call::new("POST", "/v1/api/rooms/create");
        let create = create.token(&town.service()).json(&body);
        {
            let mut asked = pin!(town.call(create));
            let begun = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context)));
            assert!(begun.await.is_pending(), "it takes longer than to begin it");
        }
        let made = async {
            loop {
                let found = town.get("u1", "/v1/api/rooms/playlists/p1").await;
                if found.status == 200 && found.json["locked"] == true {
                    return;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), made).await.unwrap();
    }
}
