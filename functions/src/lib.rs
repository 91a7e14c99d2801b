//! Roomtone's HTTP operations: one file and one Lambda function each, and one router of them all.
//!
//! A request goes: `middleware` (`cors` → `body` → `to_its_end` → `traced`) → `identity` (who) → `input`,
//! `query` (what) → handler → store, or `roomtone_shared::rooms` where there is a rule. An error goes out through
//! [`problem`]. Nothing here knows STOMP, or how a store keeps what it keeps.

use std::sync::Arc;

use axum::Router;
use roomtone_shared::auth::Authenticator;
use roomtone_shared::config::Origins;
use roomtone_shared::error::Error;
use roomtone_shared::search::Search;
use roomtone_shared::store::Stores;

pub mod create_room;
pub mod exit_room;
pub mod find_playlist;
pub mod get_room;
pub mod history;
#[cfg(feature = "fleet")]
pub mod lambda;
pub mod leave_room;
pub mod list_joined;
pub mod list_rooms;
pub mod list_unjoined;
pub mod list_users;
pub mod openapi;
pub mod presence;
pub mod problem;
pub mod reenter_room;
pub mod reindex_rooms;
pub mod send_message;

mod body;
mod cors;
mod cursor;
mod identity;
mod input;
mod middleware;
mod pages;
mod playlist_input;
mod query;
mod route;
mod schema;
mod send_limit;
#[cfg(test)]
mod testing;
mod to_its_end;
mod traced;
mod written;

pub use send_limit::SendLimit;

use middleware::Surrounded;
use problem::Problem;

/// What the operations work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Where everything is kept.
    pub stores: Stores,
    /// Checks tokens.
    pub auth: Authenticator,
    /// The way to the search server.
    pub search: Search,
    /// Whose pages may use this server.
    pub origins: Arc<Origins>,
    /// How fast users send.
    pub sends: SendLimit,
}

/// The same as requests have it: one, which all share.
pub type Shared = Arc<App>;

/// An operation: its binary's name, and its routes.
pub type Operation = (&'static str, fn() -> Router<Shared>);

/// Every operation that answers HTTP.
pub const OPERATIONS: [Operation; 13] = [
    ("create-room", create_room::routes),
    ("exit-room", exit_room::routes),
    ("find-playlist", find_playlist::routes),
    ("get-room", get_room::routes),
    ("history", history::routes),
    ("leave-room", leave_room::routes),
    ("list-joined", list_joined::routes),
    ("list-rooms", list_rooms::routes),
    ("list-unjoined", list_unjoined::routes),
    ("list-users", list_users::routes),
    ("presence", presence::routes),
    ("reenter-room", reenter_room::routes),
    ("send-message", send_message::routes),
];

/// All operations in one router. It answers every path, an unknown one with 404, also where it is merged with others.
pub fn app(state: App) -> Router {
    let all = OPERATIONS
        .iter()
        .fold(Router::new(), |all, (_, routes)| all.merge(routes()));
    serve(all, state)
}

/// The given routes, and a problem for what is at none of them. What a request changes is changed to the end, though who asked
/// has gone.
pub fn serve(routes: Router<Shared>, state: App) -> Router {
    let state = Arc::new(state);
    routes
        .fallback(Surrounded::new("nothing", || async {
            Problem::from(Error::NotFound("there is nothing at this path".into()))
        }))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use axum::http::header::ALLOW;

    use super::*;
    use crate::testing::{Call, Town};

    /// The binaries, by their files, with what is in them.
    fn binaries() -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let named = files.map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(&path).unwrap(),
            )
        });
        named.filter(|(name, _)| name != "reindex-rooms").collect()
    }

    #[test]
    fn every_operation_has_a_binary_with_its_own_routes_and_no_other() {
        let operations: BTreeSet<String> =
            OPERATIONS.iter().map(|(name, _)| (*name).into()).collect();
        let binaries = binaries();
        assert_eq!(
            binaries
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<BTreeSet<_>>(),
            operations
        );
        for (name, text) in binaries {
            let module = name.replace('-', "_");
            assert!(text.contains(&format!("{module}::routes()")), "{name}");
            assert_eq!(text.matches("::routes").count(), 1, "{name}");
        }
    }

    #[tokio::test]
    async fn every_operation_of_its_own_answers_its_path_and_no_other() {
        let town = Town::new();
        let room = Town::no_room();
        for (name, path, method) in [
            ("create-room", "/v1/api/rooms/create".into(), "POST"),
            ("get-room", format!("/v1/api/rooms/{room}"), "GET"),
            ("leave-room", "/v1/api/rooms/leave".into(), "PUT"),
        ] {
            for (other, routes) in OPERATIONS {
                let router = serve(routes(), town.app().clone());
                let status = Town::answer(router, Call::new(method, &path)).await.status;
                assert_eq!(status == 401, name == other, "{other} {path} {status}");
            }
        }
    }

    #[tokio::test]
    async fn every_path_of_the_contract_answers_with_and_without_a_trailing_slash() {
        let town = Town::new();
        let room = Town::no_room();
        for (method, path) in [
            ("POST", "/v1/api/rooms/create".to_owned()),
            ("GET", format!("/v1/api/rooms/{room}")),
            ("GET", format!("/v1/api/rooms/{room}/users")),
            ("GET", "/v1/api/rooms".into()),
            ("GET", "/v1/api/rooms/joined".into()),
            ("GET", "/v1/api/rooms/unjoined".into()),
            ("PUT", "/v1/api/rooms/leave".into()),
            ("POST", format!("/v1/api/rooms/exit/{room}")),
            ("GET", "/v1/api/rooms/playlists/p1".into()),
            ("GET", format!("/v1/api/chat/rooms/joined/{room}")),
            ("GET", format!("/v1/api/chat/history?roomId={room}")),
            ("GET", format!("/v1/api/chat/history/{room}")),
            ("POST", "/v1/api/chat/message".into()),
            ("GET", format!("/api/v1/presence/{room}/on")),
            ("GET", format!("/api/v1/presence/{room}/off")),
            ("PATCH", "/api/v1/presence/on".into()),
            ("PATCH", "/api/v1/presence/off".into()),
            ("GET", format!("/v1/api/chat/api/v1/rooms/joined/{room}")),
            ("GET", format!("/v1/api/chat/api/v1/history/{room}")),
            ("POST", "/v1/api/chat/api/v1/message".into()),
        ] {
            let slashed = match path.split_once('?') {
                Some((path, query)) => format!("{path}/?{query}"),
                None => format!("{path}/"),
            };
            for path in [path, slashed] {
                assert_eq!(
                    town.call(Call::new(method, &path)).await.problem(),
                    (401, "/problems/unauthenticated"),
                    "{path}"
                );
                let other = town.call(Call::new("DELETE", &path)).await;
                assert_eq!(
                    other.problem(),
                    (405, "/problems/method-not-allowed"),
                    "{path}"
                );
                assert!(
                    other.headers[ALLOW].to_str().unwrap().contains(method),
                    "{path}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_unknown_path_is_not_found() {
        let town = Town::new();
        for path in [
            "/",
            "/v1",
            "/v1/api/rooms//",
            "/v1/api/chat",
            "/v1/api/rooms/a/b/c",
            "/dev/token",
        ] {
            assert_eq!(
                town.get("u1", path).await.problem(),
                (404, "/problems/not-found"),
                "{path}"
            );
        }
    }
}
