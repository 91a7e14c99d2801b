//! Bodies up to their limit, read whole before anything else is looked at: so the limit holds for every path,
//! and who sends a body gets an answer, where one left unread would cost them the connection.

use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use futures_util::StreamExt;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use tokio::task::yield_now;
use tokio::time::timeout;

/// Bytes of a body that is too large which are still taken, and let go.
const DISCARDED_BYTES_MAX: usize = 8 * limits::BODY_BYTES_MAX;

/// How long a body may take to come; who asks need not have shown a token yet.
const WAIT: Duration = Duration::from_secs(30);

/// Has a request's body at hand, where that is within the limit.
pub(crate) async fn gather(request: &mut Request) -> Result<()> {
    if !request.body().is_end_stream() {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = in_time(body, WAIT).await?.into();
    }
    Ok(())
}

/// A body that is at hand: one piece of it, for [`gather`] made it so.
pub(crate) async fn gathered(body: Body) -> Result<Bytes> {
    let mut chunks = body.into_data_stream();
    chunks
        .next()
        .await
        .transpose()
        .map(Option::unwrap_or_default)
        .map_err(broken)
}

fn broken<E>(_: E) -> Error {
    Error::Malformed("the body broke off".into())
}

async fn in_time(body: Body, wait: Duration) -> Result<Bytes> {
    let late = |_| Error::Malformed("the body did not come to its end in time".into());
    let mut whole = pin!(whole(body));
    // Most bodies come with their head, and are there as soon as the server was asked once: no timer is set for them.
    tokio::select! {
        biased;
        bytes = &mut whole => bytes,
        () = yield_now() => Box::pin(timeout(wait, whole)).await.map_err(late)?,
    }
}

async fn whole(body: Body) -> Result<Bytes> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut count) = (vec![], 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(broken)?;
        count += chunk.len();
        if count <= limits::BODY_BYTES_MAX {
            bytes.extend_from_slice(&chunk);
        } else if count > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if count > limits::BODY_BYTES_MAX {
        let max = limits::BODY_BYTES_MAX;
        return Err(Error::TooLarge(format!("a body has at most {max} bytes")));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;

    use super::*;
    use crate::testing::{Call, Town};

    /// A body of many chunks of 64 KiB, and how many of them were taken.
    fn chunked(count: usize) -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let chunks = stream::iter(0..count).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Bytes::from(vec![b' '; 64 << 10]))
        });
        (Body::from_stream(chunks), taken)
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_on_every_path() {
        let town = Town::new();
        for path in ["/v1/api/chat/message", "/v1/api/rooms/exit/x", "/nowhere"] {
            let (body, _) = chunked(5);
            let call = Call::new("POST", path).token(&town.user("u1")).body(body);
            assert_eq!(
                town.call(call).await.problem(),
                (413, "/problems/too-large")
            );
        }
    }

    #[tokio::test]
    async fn a_body_is_taken_to_its_end_unless_that_is_too_far() {
        let town = Town::new();
        for (count, status, taken_max) in
            [(4, 401, 4), (5, 413, 5), (32, 413, 32), (1_000, 413, 33)]
        {
            let (body, taken) = chunked(count);
            let answer = town
                .call(Call::new("POST", "/v1/api/chat/message").body(body))
                .await;
            assert_eq!(
                (answer.status, taken.load(Ordering::Relaxed)),
                (status, taken_max)
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for_without_end() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let refused = in_time(never, Duration::from_millis(1)).await;
        assert!(matches!(refused, Err(Error::Malformed(_))));
    }
}
