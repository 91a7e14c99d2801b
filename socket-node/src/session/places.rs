//! Where a session stands in each room it has to do with.

use roomtone_shared::domain::event::{MemberChange, MemberEvent};
use roomtone_shared::domain::membership::Membership;
use roomtone_shared::domain::room::RoomId;

/// A session's user in a room, and its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) room: RoomId,
    /// The version of the membership that the rest is of.
    pub(super) version: u64,
    pub(super) joined: bool,
    pub(super) switch: bool,
    /// Which of the user's joins began the membership; what marks go by.
    pub(super) sequence: u64,
    /// Whether this socket is in the room.
    pub(super) inside: bool,
    /// Whether this socket left the room, and has not come back.
    pub(super) left: bool,
    /// Where the room's part of the log ended when this socket came: its user's leaving before that is over.
    pub(super) came_at: u64,
}

impl Place {
    pub(super) fn new(room: RoomId) -> Self {
        Self {
            room,
            version: 0,
            joined: false,
            switch: false,
            sequence: 0,
            inside: false,
            left: false,
            came_at: 0,
        }
    }

    /// Takes in what a store said, unless the log has told of something newer.
    pub(super) fn read(&mut self, membership: Option<&Membership>) {
        let Some(membership) = membership else { return };
        if membership.version >= self.version {
            self.version = membership.version;
            self.joined = membership.joined;
            self.switch = membership.switch;
            self.sequence = membership.sequence;
        }
    }

    /// Takes in what the log says, unless a store has told of something newer. False where it has.
    pub(super) fn heard(&mut self, event: &MemberEvent) -> bool {
        if event.version < self.version {
            return false;
        }
        self.version = event.version;
        match event.change {
            MemberChange::Joined { sequence, .. } => {
                (self.joined, self.switch, self.sequence) = (true, true, sequence);
            }
            MemberChange::Exited { .. } => self.joined = false,
            MemberChange::Switched { on } => self.switch = on,
        }
        true
    }
}
