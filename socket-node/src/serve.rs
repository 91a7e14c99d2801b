//! The HTTP server: accepts, bounds what a request's head may cost, and lets a stream be taken back.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, header};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower::Service;

use crate::head_wait::{HeadWait, Noting};

/// The time that answers have to be taken in when the server stops.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Octets that a request's head may have.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// The pause after the system did not give a connection: it has too many, and time mends that.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `shutdown`, to so many connections at once; one that has become a socket is none of them.
/// Then nobody is taken any more, requests that have begun are answered, and meanwhile `stop` is done.
pub async fn serve(
    listener: TcpListener,
    connections_max: usize,
    router: Router,
    shutdown: impl Future<Output = ()>,
    stop: impl Future<Output = ()>,
) {
    let (down, _) = watch::channel(false);
    let places = Arc::new(Semaphore::new(connections_max));
    tokio::pin!(shutdown);
    loop {
        // Who finds no place waits with the system, which holds little for them.
        let accept = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let of = (stream, Peer(peer.ip()));
                let served = connection(of, router.clone(), down.subscribe());
                tokio::spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(why) => {
                tracing::warn!(%why, "no connection could be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    down.send_replace(true);
    // Who does not take their answer is not waited for.
    let (_, ()) = tokio::join!(timeout(ANSWER_TIME, down.closed()), stop);
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

async fn closing(down: &mut watch::Receiver<bool>) {
    // Where the sender is gone, the server is too.
    let _ = down.wait_for(|down| *down).await;
}

async fn connection(
    (stream, peer): (TcpStream, Peer),
    router: Router,
    mut down: watch::Receiver<bool>,
) {
    // Without it small frames wait for the other side's acknowledgements; nothing else depends on it.
    let _ = stream.set_nodelay(true);
    let wait = Arc::new(HeadWait::new());
    let service = service_fn(|mut request: Request<Incoming>| {
        wait.came();
        // Nobody asks for it but an upgrade.
        if request.headers().contains_key(header::UPGRADE) {
            request.extensions_mut().insert(peer);
        }
        // A router is always ready.
        router.clone().call(request).inspect(|_| wait.answered())
    });
    let connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        // Answers are short: to have head and body copied into one is less than what the system takes for a list of two.
        .writev(false)
        .serve_connection(TokioIo::new(Noting::new(stream, wait.clone())), service)
        .with_upgrades();
    tokio::pin!(connection);
    let end = async {
        tokio::select! {
            () = wait.is_in_vain() => End::AtOnce,
            () = closing(&mut down) => End::Answered,
        }
    };
    // A set of one looks at it when it is woken, and not at every request.
    let mut end = FuturesUnordered::from_iter([end]);
    // How a connection ended is its client's business.
    tokio::select! {
        biased;
        _ = &mut connection => {}
        end = end.next() => if end == Some(End::Answered) {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// How this side ends a connection.
#[derive(PartialEq)]
enum End {
    AtOnce,
    /// Once the request that has begun is answered.
    Answered,
}
