//! How the rooms fall on the log's partitions, and how many partitions there have to be.

use super::chance::Chance;
use super::costs::{Costs, RECORDER_CALLS, ROWS_PER_CALL, SUMS_KNOWN};
use super::node::Load;
use super::rooms::{Room, Rooms};
use super::sizes::Sizes;

/// Bounds of `ROOMTONE_KAFKA_PARTITIONS`: the default, and the most.
const COUNT: (u16, u16) = (16, 1_024);
/// How busy a partition's recorder may be.
const BUSY: f64 = 0.5;
/// Partitions are for good, so there are as many as for so many times the load.
const GROWTH: f64 = 2.0;

/// Seconds of waiting for DynamoDB that a recorder has for each second of a room, with its calls in parallel.
pub(super) fn recorder_busy(room: &Room, costs: &Costs) -> f64 {
    let notices = 2.0 * room.joins;
    let rows = (2.0 * room.messages + notices) / ROWS_PER_CALL;
    let sums = room.messages + notices;
    // Of the two who settle a membership, the one who comes second tries three times.
    let settled = 2.0 * notices;
    (rows + sums + settled) / RECORDER_CALLS * costs.dynamo_s
}

/// How many partitions these rooms need: a power of two.
pub(super) fn needed(rooms: &Rooms, costs: &Costs) -> u16 {
    let busy = rooms.sum(|room| recorder_busy(room, costs)) / BUSY;
    let known = (rooms.count() + rooms.sum(Room::size) * rooms.people.talkers) / SUMS_KNOWN;
    let wanted = (busy.max(known) * GROWTH).ceil() as u64;
    let wanted = wanted
        .next_power_of_two()
        .clamp(u64::from(COUNT.0), u64::from(COUNT.1));
    u16::try_from(wanted).unwrap_or(COUNT.1)
}

/// What happens in the rooms of each partition; as a load of whoever serves and reads just these.
pub(super) fn loads(rooms: &Rooms, count: u16, sizes: &Sizes, chance: &mut Chance) -> Vec<Load> {
    let mut loads = vec![Load::default(); usize::from(count)];
    let sockets_each = 1.0 / (1.0 + rooms.people.second_room);
    for room in &rooms.all {
        // A room that stands for many: each of these has an id of its own.
        for _ in 0..room.weight {
            let load = &mut loads[chance.room().partition(count).index()];
            load.hear(room, room.size(), sockets_each);
            load.read(room, 1.0, sizes);
        }
    }
    loads
}

/// The busiest of some, as a multiple of their mean.
pub(super) fn busiest(of: impl Iterator<Item = f64> + Clone) -> f64 {
    let (count, sum) = of
        .clone()
        .fold((0.0, 0.0), |(count, sum), one| (count + 1.0, sum + one));
    of.fold(0.0, f64::max) / (sum / count)
}
