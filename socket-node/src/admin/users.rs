//! `GET /admin/users/{uid}`: in which rooms a user is, and by which nodes of the fleet.

use axum::Json;
use axum::extract::{Path, State};
use futures_util::future::try_join_all;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::Error;
use serde::Serialize;

use super::whereabouts::Whereabouts;
use super::{Admin, Refused, uid};
use crate::shard::inspect::{Connection, Question};

/// Where a user is.
#[derive(Serialize)]
pub(super) struct Where {
    uid: Uid,
    /// The rooms that they are a member of; four at most.
    rooms: Vec<In>,
    /// This node, and their sockets on it: also those that are in no room, of which only their own node knows.
    node: String,
    connections: Vec<Connection>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct In {
    room_id: RoomId,
    #[serde(flatten)]
    whereabouts: Whereabouts,
}

pub(super) async fn where_is(
    State(admin): State<Admin>,
    Path(named): Path<String>,
) -> Result<Json<Where>, Refused> {
    let uid = uid(&named)?;
    let node = &admin.node.node;
    let (stores, of) = (node.stores.clone(), uid.clone());
    let asked = node.ask(async move {
        let rooms = stores.memberships.of_user(&of).await?.rooms;
        let standings = rooms.iter().map(async |room| {
            let standing = stores.presence.of(*room, &of).await?;
            Ok::<_, Error>((*room, standing))
        });
        try_join_all(standings).await
    });
    let rooms = asked.await?;
    let of = uid.clone();
    let of_shards = admin.ask(move |told| Question::Connections {
        of: Some(of.clone()),
        size: super::SIZE_MAX,
        told,
    });
    let connections = of_shards.await?.into_iter().flatten().collect();
    let rooms = rooms.into_iter().map(|(room_id, standing)| In {
        room_id,
        whereabouts: Whereabouts::from(&standing),
    });
    Ok(Json(Where {
        uid,
        rooms: rooms.collect(),
        node: admin.node_name(),
        connections,
    }))
}
