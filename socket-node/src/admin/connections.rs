//! `GET /admin/connections`: sockets of this node, of all users or of one.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;

use super::{Admin, Refused, size, uid};
use crate::shard::inspect::{Connection, Question};

/// The answer.
#[derive(Serialize)]
pub(super) struct Connections {
    /// This node.
    node: String,
    /// Open sockets of this node, with those that are not logged in.
    sockets: usize,
    /// Those that were asked for; `size` of them at most.
    connections: Vec<Connection>,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Connections>, Refused> {
    let size = size(&query)?;
    let of = query.get("uid").map(|text| uid(text)).transpose()?;
    let of_shards = admin.ask(|told| Question::Connections {
        of: of.clone(),
        size,
        told,
    });
    let mut connections: Vec<_> = of_shards.await?.into_iter().flatten().collect();
    connections.truncate(size);
    Ok(Json(Connections {
        node: admin.node_name(),
        sockets: admin.node.sockets(),
        connections,
    }))
}
