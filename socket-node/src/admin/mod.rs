//! The admin API: what operators ask the fleet by any of its nodes, and have it do.
//!
//! | path | what |
//! |---|---|
//! | `GET /admin/connections?uid=&size=` | sockets of this node |
//! | `GET /admin/rooms?size=` | rooms that somebody listens to on this node |
//! | `GET /admin/rooms/{roomId}` | who of a room is on which node of the fleet |
//! | `GET /admin/users/{uid}` | in which rooms a user is, and on which nodes of the fleet |
//! | `DELETE /admin/users/{uid}/sockets` | ends all sockets of a user, on every node |
//! | `DELETE /admin/rooms/{roomId}/users/{uid}` | takes a user out of a room, as an exit of theirs does |
//! | `POST /admin/drain` | stops this node as SIGTERM does |
//! | `GET /admin/log` | how far this node has read each part of the log, and where that ends |
//!
//! Each needs `Authorization: Bearer` with the credential, which is nobody's token: users have no way in here. It must be
//! served on the node's own port alone.

mod connections;
mod credential;
mod drain;
mod kick;
mod log;
mod rooms;
mod take_out;
mod users;
mod whereabouts;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use roomtone_shared::auth::Secret;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::problem::{problem, refuse};
use crate::shard::inspect::Question;
use crate::socket_node::SocketNode;

/// How long the shards may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Entries of an answer where nothing is said, and at most.
const SIZE: usize = 100;
const SIZE_MAX: usize = 10_000;

/// What the handlers share.
#[derive(Clone)]
struct Admin {
    node: SocketNode,
    credential: Arc<Secret>,
    drain: Arc<Notify>,
}

/// The routes of a node, for whoever has the credential. `drain` is told when the node is to stop.
pub fn routes(node: SocketNode, credential: Secret, drain: Arc<Notify>) -> Router {
    let admin = Admin {
        node,
        credential: Arc::new(credential),
        drain,
    };
    Router::new()
        .route("/admin/connections", get(connections::list))
        .route("/admin/rooms", get(rooms::list))
        .route("/admin/rooms/{roomId}", get(rooms::who))
        .route(
            "/admin/rooms/{roomId}/users/{uid}",
            delete(take_out::take_out),
        )
        .route("/admin/users/{uid}", get(users::where_is))
        .route("/admin/users/{uid}/sockets", delete(kick::kick))
        .route("/admin/drain", post(drain::drain))
        .route("/admin/log", get(log::positions))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "there is no such path"))
        .method_not_allowed_fallback(async || {
            let detail = "this path does not answer to this method";
            refuse(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(middleware::from_fn_with_state(admin.clone(), admitted))
        .with_state(admin)
}

/// Lets through who has the credential, and notes what is asked for, and how it was answered.
async fn admitted(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = match credential::check(&admin.credential, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => problem(&why),
    };
    tracing::info!(%method, path, status = answer.status().as_u16(), "an operator");
    answer
}

/// An error as an answer.
struct Refused(Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> Response {
        problem(&self.0)
    }
}

impl Admin {
    /// What answers call this node.
    fn node_name(&self) -> String {
        self.node.node.id.to_string()
    }

    /// Asks every shard.
    async fn ask<T>(&self, question: impl Fn(oneshot::Sender<T>) -> Question) -> Result<Vec<T>> {
        let late = |_| Error::Unavailable("the node");
        timeout(ANSWER, self.ask_all(question))
            .await
            .map_err(late)?
    }

    async fn ask_all<T>(
        &self,
        question: impl Fn(oneshot::Sender<T>) -> Question,
    ) -> Result<Vec<T>> {
        let mut answers = vec![];
        for shard in self.node.shards.iter() {
            let (told, answer) = oneshot::channel();
            let asked = shard.questions.send(question(told)).await;
            asked.map_err(|_| Error::Unavailable("the node"))?;
            answers.push(answer);
        }
        let mut all = vec![];
        for answer in answers {
            all.push(answer.await.map_err(|_| Error::Unavailable("the node"))?);
        }
        Ok(all)
    }
}

/// `size` of a query.
fn size(query: &HashMap<String, String>) -> Result<usize> {
    let Some(text) = query.get("size").filter(|text| !text.is_empty()) else {
        return Ok(SIZE);
    };
    let size = text
        .parse()
        .ok()
        .filter(|size| (1..=SIZE_MAX).contains(size));
    size.ok_or_else(|| Error::Malformed(format!("size must be a number from 1 to {SIZE_MAX}")))
}

/// A user that a path or a query names.
fn uid(text: &str) -> Result<Uid> {
    Uid::parse("uid", text).map_err(|why| Error::Malformed(why.to_string()))
}

/// A room that a path names.
fn room(text: &str) -> Result<RoomId> {
    let none = |_| Error::NotFound("there is no such room".into());
    RoomId::parse("roomId", text).map_err(none)
}
