//! `GET /admin/rooms`: rooms that are listened to here; `GET /admin/rooms/{roomId}`: who of one is on which node.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::{Path, Query, State};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::rooms;
use serde::Serialize;

use super::whereabouts::Whereabouts;
use super::{Admin, Refused, room, size};
use crate::shard::inspect::Question;

/// Rooms of this node.
#[derive(Serialize)]
pub(super) struct Rooms {
    node: String,
    /// How many rooms somebody listens to here.
    count: usize,
    /// Those with the most subscriptions first; `size` of them at most.
    rooms: Vec<Listened>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listened {
    room_id: RoomId,
    subscriptions: usize,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Rooms>, Refused> {
    let size = size(&query)?;
    let mut listened = BTreeMap::<RoomId, usize>::new();
    for (room, subscriptions) in admin.ask(Question::Rooms).await?.into_iter().flatten() {
        *listened.entry(room).or_default() += subscriptions;
    }
    let count = listened.len();
    let mut rooms: Vec<_> = listened
        .into_iter()
        .map(|(room_id, subscriptions)| Listened {
            room_id,
            subscriptions,
        })
        .collect();
    rooms.sort_by_key(|listened| std::cmp::Reverse(listened.subscriptions));
    rooms.truncate(size);
    Ok(Json(Rooms {
        node: admin.node_name(),
        count,
        rooms,
    }))
}

/// Who is where in a room.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Who {
    room_id: RoomId,
    users: Vec<Stands>,
}

#[derive(Serialize)]
struct Stands {
    uid: Uid,
    joined: bool,
    #[serde(flatten)]
    whereabouts: Whereabouts,
}

pub(super) async fn who(
    State(admin): State<Admin>,
    Path(named): Path<String>,
) -> Result<Json<Who>, Refused> {
    let room_id = room(&named)?;
    let node = &admin.node.node;
    let (stores, id) = (node.stores.clone(), room_id);
    let asked = node.ask(async move {
        rooms::get(&stores, id).await?;
        stores.presence.room(id).await
    });
    let (_, standings) = asked.await?;
    let mut users: Vec<_> = standings
        .into_iter()
        .map(|(uid, standing)| Stands {
            uid,
            joined: standing.joined,
            whereabouts: Whereabouts::from(&standing),
        })
        .collect();
    users.sort_by(|a, b| a.uid.cmp(&b.uid));
    Ok(Json(Who { room_id, users }))
}
