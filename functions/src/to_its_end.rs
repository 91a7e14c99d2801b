//! What a request changes is changed to the end though who asked has gone: a function on Lambda does so by itself, a server
//! that drops the work with the connection would leave half of it for a sweep.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::Response;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests that change something and are done at once; others wait, and are let go of with their connection. Without a bound,
/// whoever asks and hangs up would leave more and more behind.
static PLACES: Semaphore = Semaphore::const_new(1_024);

/// Does what changes something; dropped before that is done, it leaves the rest to a task of its own. Only the end of the
/// process ends that earlier. A task from the start would cost every request the changes to it and back.
pub(crate) async fn to_its_end<W: Work>(work: W) -> Response {
    // They are never closed.
    let place = PLACES.acquire().await.ok();
    let work = Some(work);
    Begun { work, place }.await
}

/// What becomes of a request.
pub(crate) trait Work: Future<Output = Response> + Send + Unpin + 'static {}

impl<W: Future<Output = Response> + Send + Unpin + 'static> Work for W {}

/// Work that has begun, until it is done.
struct Begun<W: Work> {
    work: Option<W>,
    place: Option<SemaphorePermit<'static>>,
}

impl<W: Work> Future for Begun<W> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let polled = Pin::new(work).poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<W: Work> Drop for Begun<W> {
    fn drop(&mut self) {
        // What panicked has no rest, and without a runtime the process ends.
        let rest = self.work.take().filter(|_| !std::thread::panicking());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            let place = self.place.take();
            runtime.spawn(async {
                rest.await;
                drop(place);
            });
        }
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
