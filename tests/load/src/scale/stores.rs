//! What a fleet asks of its stores a second, by the operations of all people together.

use super::costs::Costs;
use super::operations::Operations;
use super::partitions::recorder_busy;
use super::rooms::{Room, Rooms};
use super::sizes::Sizes;
use super::sizing::Fleet;
use super::units::Units;

/// Messages of a room that Redis keeps: `KEPT` in `store/redis/recent_writer.rs`.
const RECENT: f64 = 400.0;
/// Bytes of a hold in its two sets.
const HOLD_BYTES: f64 = 300.0;
/// Bytes of a node's lease as Redis tells it.
const LEASE_BYTES: f64 = 50.0;
/// Bytes of an answer over HTTP, in the mean: lists with their rooms, pages, re-entries.
const ANSWER_BYTES: f64 = 30_000.0;

/// What is asked of the stores a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) units: Units,
    /// Batches of all recorders.
    pub(super) batches: f64,
    /// Seconds that a message waits for history, in the mean: a batch's time.
    pub(super) batch_s: f64,
    /// Bytes that the log grows by.
    pub(super) log_bytes: f64,
    /// Bytes that history grows by.
    pub(super) history_bytes: f64,
    /// Bytes that Redis has, and bytes of leases that it tells.
    pub(super) redis_bytes: f64,
    pub(super) lease_bytes: f64,
    /// Bytes of answers over HTTP.
    pub(super) answer_bytes: f64,
    /// Reads of rooms that somebody begins to watch, among `units`.
    pub(super) watches: f64,
}

/// Adds it all up.
pub(super) fn asked(
    rooms: &Rooms,
    fleet: &Fleet,
    partitions: u16,
    sizes: &Sizes,
    costs: &Costs,
) -> Asked {
    let people = &rooms.people;
    let operations = Operations {
        sizes,
        in_redis: people.history.1,
    };
    let mut units = Units::default();
    let mut watches = 0.0;
    for room in &rooms.all {
        let (weight, members) = (
            room.weight as f64,
            room.size() * people.members_per_listener,
        );
        units = units + of_room(&operations, rooms, room, members) * weight;
        let first = first_at_node(room, fleet.spread());
        let watch = operations.watch(members) * (room.opens * first);
        units = units + watch * weight;
        watches += watch.reads * weight;
    }
    let count = f64::from(partitions);
    let (batches, batch_s) = batches(rooms, count, costs);
    units = units + operations.batch() * batches + operations.partition() * count;
    units = units + operations.node() * fleet.nodes();
    let kept = |room: &Room| RECENT * sizes.recent + room.size() * HOLD_BYTES;
    Asked {
        units,
        batches,
        batch_s,
        log_bytes: rooms.sum(|room| super::node::log_bytes(room, sizes)),
        history_bytes: rooms.sum(|room| {
            room.messages * (sizes.message_row + sizes.own_row)
                + 2.0 * room.joins * sizes.message_row
        }),
        redis_bytes: rooms.sum(kept),
        lease_bytes: units.leases * fleet.nodes() * LEASE_BYTES,
        answer_bytes: units.http * ANSWER_BYTES,
        watches,
    }
}

/// What is asked for by all that happens in a room a second.
fn of_room(operations: &Operations<'_>, rooms: &Rooms, room: &Room, members: f64) -> Units {
    let people = &rooms.people;
    let evictions = room.joins * people.evictions;
    operations.say() * room.messages
        + operations.come_back(members) * (room.opens - room.joins)
        + operations.first_join(members) * room.joins
        + operations.eviction() * evictions
        + operations.exit() * (room.joins - evictions)
        + operations.reentry(members) * room.opens
        + operations.leave() * room.opens
        // Lists show rooms of all sizes: these are for rooms like this one.
        + operations.joined(members) * (room.opens * people.lists.0)
        + operations.others(members) * (room.opens * people.lists.1)
        + operations.history() * (room.opens * people.history.0)
}

/// The chance that whoever opens a room is the first who watches it at their node.
fn first_at_node(room: &Room, spread: f64) -> f64 {
    if !room.watched {
        return 0.0;
    }
    (1.0 - 1.0 / spread).powf(room.size() - 1.0)
}

/// Batches of all recorders a second, and the seconds of one: while one is written the next comes together.
fn batches(rooms: &Rooms, partitions: f64, costs: &Costs) -> (f64, f64) {
    let records = rooms.sum(Room::records) / partitions;
    let busy = rooms.sum(|room| recorder_busy(room, costs)) / partitions;
    // Rows, sums, memberships and how far it is recorded follow each other.
    let alone = 4.0 * costs.dynamo_s;
    let batch_s = alone / (1.0 - busy).max(0.05);
    (partitions / (batch_s + 1.0 / records), batch_s)
}
