//! Presence: what the records of the log add up to for one member.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::event::{MemberChange, MemberEvent, NodeId};
use super::message::MessageId;

/// How a user stands in a room, so far as the log tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The newest version of the membership that the log told.
    pub version: u64,
    /// Whether they are a member.
    pub joined: bool,
    /// Whether their switch is on.
    pub switch: bool,
    /// The ENTER that the membership began with; none for one that began silently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<MessageId>,
    /// The nodes that have a socket of theirs in the room.
    pub nodes: BTreeSet<NodeId>,
}

impl Standing {
    /// Presence: on if and only if a member's switch is on and one of their sockets is in the room.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.joined && self.switch && !self.nodes.is_empty()
    }

    /// Takes in a change of the membership, with the message that tells of it. A version that is not newer is nothing new.
    pub fn member(&mut self, event: &MemberEvent, notice: Option<MessageId>) {
        if event.version <= self.version {
            return;
        }
        self.version = event.version;
        match event.change {
            MemberChange::Joined { .. } => {
                (self.joined, self.switch, self.entered) = (true, true, notice);
            }
            MemberChange::Exited { .. } => self.joined = false,
            MemberChange::Switched { on } => self.switch = on,
        }
    }

    /// Takes in that a node has, or no longer has, a socket of theirs in the room.
    pub fn held(&mut self, node: NodeId, held: bool) {
        if held {
            self.nodes.insert(node);
        } else {
            self.nodes.remove(&node);
        }
    }
}

#[cfg(test)]
mod tests;
