//! The way in: an HTTP request becomes a WebSocket, and goes to a shard with what came behind it.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::addresses::Counting;
use crate::head_wait::Noting;
use crate::problem::{refuse, retry_after};
use crate::serve::Peer;
use crate::shard::Arrival;
use crate::socket_node::SocketNode;
use crate::ws::{Handshake, HandshakeError, choose_protocol};

/// The node's routes: `/ws-chat`, `/ws-chat/websocket`, and `/ws-echo` where it is asked for. They must be
/// served by [`SocketNode::serve`], which gives the TCP stream back.
pub fn routes(node: SocketNode) -> Router {
    let echo = node.node.settings.ws_echo;
    let mut router = Router::new()
        .route("/ws-chat", get(chat))
        .route("/ws-chat/", get(chat))
        .route("/ws-chat/websocket", get(chat))
        .route("/ws-chat/websocket/", get(chat));
    if echo {
        router = router.route("/ws-echo", get(self::echo));
    }
    router.with_state(node)
}

async fn chat(State(node): State<SocketNode>, request: Request) -> Response {
    upgrade(node, request, false)
}

async fn echo(State(node): State<SocketNode>, request: Request) -> Response {
    upgrade(node, request, true)
}

fn upgrade(node: SocketNode, mut request: Request, echo: bool) -> Response {
    let peer = request.extensions().get().copied();
    let (accept, counting) = match check(&node, request.headers(), peer) {
        Ok(checked) => checked,
        Err(refused) => {
            node.node.figures.refused.add(1);
            return *refused;
        }
    };
    let offered = joined(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL);
    let protocol = offered
        .as_deref()
        .and_then(choose_protocol)
        .filter(|_| !echo);
    let Some(upgrading) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse(
            StatusCode::UPGRADE_REQUIRED,
            "this connection cannot be upgraded",
        );
    };
    tokio::spawn(async move {
        if let Some((stream, read)) = take_stream(upgrading).await {
            node.hand(Arrival {
                stream,
                read,
                echo,
                counting,
            });
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(protocol),
        );
    }
    response
}

/// Sees that the request is a handshake, from an origin that may, and that there is room for whoever asks.
fn check(
    node: &SocketNode,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> Result<(HeaderValue, Option<Box<Counting>>), Box<Response>> {
    let refused = |status, text| Box::new(refuse(status, text));
    let settings = &node.node.settings;
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin
            .to_str()
            .is_ok_and(|origin| settings.origins.allows(origin, host))
    {
        return Err(refused(StatusCode::FORBIDDEN, "this origin is not allowed"));
    }
    let text = |name| joined(headers, name);
    let (upgrade, connection) = (text(&header::UPGRADE), text(&header::CONNECTION));
    let (version, key) = (
        text(&header::SEC_WEBSOCKET_VERSION),
        text(&header::SEC_WEBSOCKET_KEY),
    );
    let handshake = Handshake {
        upgrade: upgrade.as_deref(),
        connection: connection.as_deref(),
        version: version.as_deref(),
        key: key.as_deref(),
    };
    let accept = handshake
        .accept()
        .map_err(|why| Box::new(not_a_handshake(why)))?;
    let unavailable = |text| {
        let refused = refuse(StatusCode::SERVICE_UNAVAILABLE, text);
        Box::new(retry_after(refused, 1))
    };
    if !node.is_ready() {
        return Err(unavailable(
            "this node is about to stop: come back, and another one answers",
        ));
    }
    if node.sockets() >= settings.sockets_max {
        return Err(unavailable("this node has as many sockets as it may"));
    }
    let accept = HeaderValue::try_from(accept)
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "the handshake cannot be answered"))?;
    let node = &node.node;
    let entered = peer.map(|Peer(peer)| node.addresses.enter(peer, headers, node.now_ms()));
    let counting = entered.transpose().map_err(|s| {
        let too_many = refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "this address opens sockets too fast, or has as many as it may",
        );
        Box::new(retry_after(too_many, s))
    })?;
    Ok((accept, counting.flatten()))
}

fn not_a_handshake(why: HandshakeError) -> Response {
    let status = match why {
        HandshakeError::NotAnUpgrade | HandshakeError::UnsupportedVersion => {
            StatusCode::UPGRADE_REQUIRED
        }
        HandshakeError::InvalidKey => StatusCode::BAD_REQUEST,
    };
    let mut response = refuse(status, &why.to_string());
    response
        .headers_mut()
        .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    response
}

/// The values of a header, joined by commas.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Option<Vec<&str>> = headers
        .get_all(name)
        .iter()
        .map(|v| v.to_str().ok())
        .collect();
    values.filter(|v| !v.is_empty()).map(|v| v.join(","))
}

/// Takes the TCP stream back from the HTTP layer, off its runtime.
async fn take_stream(upgrading: OnUpgrade) -> Option<(std::net::TcpStream, Vec<u8>)> {
    let upgraded = upgrading.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<Noting<TcpStream>>>().ok()?;
    let stream = parts.io.into_inner().into_inner().into_std().ok()?;
    Some((stream, parts.read_buf.to_vec()))
}
