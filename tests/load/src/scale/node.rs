//! What one node has to do, what that costs it, and what it has.

use super::costs::{Costs, FRAME_BYTES, HEARD_S, PRE_ROLL_S, PRESENCE_BYTES};
use super::rooms::Room;
use super::sizes::Sizes;

/// A kind of machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) cores: f64,
    pub(super) memory_gib: f64,
    /// Bytes a second that it may always send.
    pub(super) network: f64,
    /// `ROOMTONE_SOCKETS_MAX` as it would be set.
    pub(super) sockets_max: f64,
}

/// How full a node may be, with all that it has to do at once: shares of its cores, memory and network, and of the one core
/// that its reader of the log can use.
const FULL: (f64, f64, f64, f64) = (0.6, 0.75, 0.5, 0.7);

/// What happens at a node, a second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    /// Sockets; they do not come by the second.
    pub(super) sockets: f64,
    /// Messages, ENTERs and EXITs that go out to listeners.
    pub(super) shown: f64,
    /// Changes of presence that do.
    pub(super) flips: f64,
    /// Messages that its own sockets send.
    pub(super) messages: f64,
    /// Rooms that its own sockets open.
    pub(super) opens: f64,
    /// Records that it reads from the log.
    pub(super) read: f64,
    /// Those of rooms that it has a listener of.
    pub(super) needed: f64,
    /// Messages among those read, and memberships' changes: what its judge remembers.
    pub(super) heard: f64,
    pub(super) seats: f64,
    /// Bytes that it reads from the log.
    pub(super) log_bytes: f64,
    /// Records that it hands to other nodes, and gets from them.
    pub(super) relayed: f64,
    /// The share of the log's partitions that it reads.
    pub(super) partitions: f64,
}

impl Load {
    /// Adds what so many listeners of a room come to; `sockets` of them are one for each.
    pub(super) fn hear(&mut self, room: &Room, listeners: f64, sockets_each: f64) {
        let part = listeners / room.size();
        self.sockets += listeners * sockets_each;
        self.shown += listeners * room.shown();
        self.flips += listeners * room.flips();
        self.messages += part * room.messages;
        self.opens += part * room.opens;
    }

    /// Adds what reading so many of a room's records comes to.
    pub(super) fn read(&mut self, room: &Room, rooms: f64, sizes: &Sizes) {
        self.read += room.records() * rooms;
        self.heard += room.messages * rooms;
        self.seats += 2.0 * room.joins * rooms;
        self.log_bytes += log_bytes(room, sizes) * rooms;
    }

    pub(super) fn add(&mut self, other: &Self, by: f64) {
        self.sockets += other.sockets * by;
        self.shown += other.shown * by;
        self.flips += other.flips * by;
        self.messages += other.messages * by;
        self.opens += other.opens * by;
        self.read += other.read * by;
        self.needed += other.needed * by;
        self.heard += other.heard * by;
        self.seats += other.seats * by;
        self.log_bytes += other.log_bytes * by;
        self.relayed += other.relayed * by;
        self.partitions += other.partitions * by;
    }

    pub(super) fn deliveries(&self) -> f64 {
        self.shown + self.flips
    }

    /// Cores that reading the log takes.
    pub(super) fn reading(&self, costs: &Costs) -> f64 {
        self.read * costs.record_s
    }

    /// Cores in all.
    pub(super) fn cores(&self, costs: &Costs) -> f64 {
        self.deliveries() * costs.delivery_s
            + self.messages * costs.message_s
            + self.opens * costs.open_s
            + self.sockets * costs.beats_s
            + self.relayed * costs.relay_s
            + self.reading(costs)
    }

    /// Bytes of the judge.
    pub(super) fn judge(&self, costs: &Costs) -> f64 {
        self.heard * HEARD_S * costs.heard_bytes + self.seats * PRE_ROLL_S * costs.seat_bytes
    }

    pub(super) fn memory(&self, costs: &Costs) -> f64 {
        costs.base_bytes + self.sockets * costs.socket_bytes + self.judge(costs)
    }

    /// Bytes a second to clients.
    pub(super) fn egress(&self) -> f64 {
        self.shown * FRAME_BYTES.value + self.flips * PRESENCE_BYTES.value
    }

    /// Seconds from a start until it has gone through what it must have read before, with one core.
    pub(super) fn start_s(&self, costs: &Costs) -> f64 {
        let busy = self.reading(costs);
        if busy >= 1.0 {
            f64::INFINITY
        } else {
            PRE_ROLL_S * busy / (1.0 - busy)
        }
    }

    /// How full the one core is that its reader can use, 1 being as full as it may be. No number of nodes changes it.
    pub(super) fn reader(&self, costs: &Costs) -> f64 {
        self.reading(costs) / FULL.3
    }

    /// The same node with so many times the sockets, such as when another one is lost.
    pub(super) fn with_more(&self, times: f64) -> Self {
        let mut more = Self::default();
        more.add(self, times);
        (more.read, more.heard, more.seats) = (self.read, self.heard, self.seats);
        more
    }

    /// How full the node is where it is fullest, 1 being as full as it may be; and where that is.
    pub(super) fn fullest(&self, machine: &Machine, costs: &Costs) -> (f64, &'static str) {
        let memory = machine.memory_gib * 1_073_741_824.0;
        let shares = [
            (self.sockets / machine.sockets_max, "sockets"),
            (self.cores(costs) / (machine.cores * FULL.0), "CPU"),
            (self.memory(costs) / (memory * FULL.1), "memory"),
            (self.egress() / (machine.network * FULL.2), "network"),
        ];
        shares.into_iter().fold(
            (0.0, ""),
            |most, share| if share.0 > most.0 { share } else { most },
        )
    }
}

/// Bytes of log that a room writes a second.
pub(super) fn log_bytes(room: &Room, sizes: &Sizes) -> f64 {
    room.messages * sizes.said + 2.0 * room.joins * sizes.member + 2.0 * room.opens * sizes.held
}
