//! What operators ask a shard: whom it has, who listens where, and how far it has read.

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use serde::Serialize;
use tokio::sync::oneshot;

use super::Shard;

/// A question, with the way for its answer.
pub(crate) enum Question {
    /// Its connections, of one user or of all, the oldest first; so many at most.
    Connections {
        of: Option<Uid>,
        size: usize,
        told: oneshot::Sender<Vec<Connection>>,
    },
    /// Rooms that somebody listens to, with how many subscriptions there are.
    Rooms(oneshot::Sender<Vec<(RoomId, usize)>>),
    /// For each part of the log, the offset below which it has taken all.
    Positions(oneshot::Sender<Vec<u64>>),
}

/// A socket that is logged in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// What CONNECTED called it.
    pub(crate) session: String,
    pub(crate) uid: Uid,
    pub(crate) nick_name: String,
    /// Rooms that it is in.
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) subscriptions: usize,
    /// Octets that wait for it.
    pub(crate) backlog_bytes: usize,
    /// Since octets last came from it.
    pub(crate) silent_ms: u64,
}

impl Shard {
    /// Answers. Whoever asked may be gone.
    pub(super) fn answer(&self, question: Question) {
        match question {
            Question::Connections { of, size, told } => {
                let sessions = match &of {
                    Some(uid) => self.of_user(uid),
                    None => self.all_sessions(),
                };
                let known = sessions.iter().filter_map(|session| session.inspect());
                let _ = told.send(known.take(size).collect());
            }
            Question::Rooms(told) => {
                let _ = told.send(self.rooms.borrow().listeners().collect());
            }
            Question::Positions(told) => {
                let _ = told.send(self.positions.iter().map(std::cell::Cell::get).collect());
            }
        }
    }
}
