//! How somebody stands in a room, and by which nodes, as answers have it.

use roomtone_shared::domain::presence::Standing;
use serde::Serialize;

/// A part of an answer.
#[derive(Serialize)]
pub(super) struct Whereabouts {
    switch: bool,
    on: bool,
    /// The nodes that have a socket of theirs in the room.
    nodes: Vec<String>,
}

impl From<&Standing> for Whereabouts {
    fn from(standing: &Standing) -> Self {
        Self {
            switch: standing.switch,
            on: standing.is_on(),
            nodes: standing.nodes.iter().map(ToString::to_string).collect(),
        }
    }
}
