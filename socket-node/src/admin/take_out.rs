//! `DELETE /admin/rooms/{roomId}/users/{uid}`: takes a user out of a room, as an exit of theirs does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use roomtone_shared::rooms;

use super::{Admin, Refused, room, uid};

/// 204, also where they are no member.
pub(super) async fn take_out(
    State(admin): State<Admin>,
    Path((of, named)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let (room, uid) = (room(&of)?, uid(&named)?);
    let node = &admin.node.node;
    let stores = node.stores.clone();
    node.ask(async move { rooms::exit(&stores, room, &uid).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
