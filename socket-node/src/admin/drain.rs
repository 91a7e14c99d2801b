//! `POST /admin/drain`: stops this node as SIGTERM does.

use axum::extract::State;
use axum::http::StatusCode;

use super::Admin;

/// 202: it is not ready from now on, closes its sockets one after another, and ends.
pub(super) async fn drain(State(admin): State<Admin>) -> StatusCode {
    admin.drain.notify_one();
    StatusCode::ACCEPTED
}
