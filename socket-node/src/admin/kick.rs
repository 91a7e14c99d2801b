//! `DELETE /admin/users/{uid}/sockets`: ends all sockets of a user, on every node.
//!
//! The log tells the nodes, each of which closes those that it has when it reads that. Who comes back with a token that is
//! still good is let in again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use roomtone_shared::domain::event::{Fact, Partition};

use super::{Admin, Refused, uid};

/// Every node reads every part of the log, so any will do.
const TOLD_IN: Partition = Partition(0);

/// 204: it is in the log, and this node has read it.
pub(super) async fn kick(
    State(admin): State<Admin>,
    Path(named): Path<String>,
) -> Result<StatusCode, Refused> {
    let kicked = Fact::Kicked(uid(&named)?);
    admin
        .node
        .node
        .stores
        .log
        .append_to(TOLD_IN, kicked)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
