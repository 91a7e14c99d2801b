//! How long records wait at a node: its reader takes one after the other, and one of its shards writes each to its listeners.
//! The network, the log and the client are not in it.

use super::chance::Chance;
use super::costs::Costs;
use super::rooms::Rooms;
use super::sizing::Fleet;

/// Records that one run is of, and those of the beginning that do not count.
const RECORDS: (usize, usize) = (60_000, 5_000);

/// The 50th and the 99th percentile of the seconds from the log's record to the last listener of a shard, over deliveries;
/// none where the wait has no end.
pub(super) fn waits(
    fleet: &Fleet,
    rooms: &Rooms,
    costs: &Costs,
    chance: &mut Chance,
) -> Option<(f64, f64)> {
    let busiest = fleet
        .loads
        .iter()
        .max_by(|a, b| a.cores(costs).total_cmp(&b.cores(costs)))?;
    let delivering = busiest.deliveries() * costs.delivery_s;
    let cores = fleet.machine.cores;
    // What else the cores do makes a shard slower.
    let other = (busiest.cores(costs) - delivering) / cores;
    if busiest.reading(costs) >= 1.0 || delivering / cores + other >= 1.0 {
        return None;
    }
    let delivery_s = costs.delivery_s / (1.0 - other);
    let on_shard = 1.0 / (fleet.spread() * cores);
    let drawn = Drawn::new(rooms);
    let (mut now, mut reader, mut shard) = (0.0, 0.0_f64, 0.0_f64);
    let mut waits = vec![];
    for record in 0..RECORDS.0 {
        now += chance.wait(busiest.read);
        reader = reader.max(now) + costs.record_s;
        let room = drawn.room(rooms, chance);
        if chance.unit() * room.records() >= room.heard() {
            continue;
        }
        let here = chance.of(room.listeners, on_shard);
        if here > 0 {
            shard = shard.max(reader) + here as f64 * delivery_s;
            if record >= RECORDS.1 {
                waits.push((shard - now, here));
            }
        }
    }
    waits.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some((quantile(&waits, 0.5)?, quantile(&waits, 0.99)?))
}

/// Rooms, drawn as often as they have records.
struct Drawn(Vec<f64>);

impl Drawn {
    fn new(rooms: &Rooms) -> Self {
        let mut sum = 0.0;
        let up_to = |room: &super::rooms::Room| {
            sum += room.records() * room.weight as f64;
            sum
        };
        Self(rooms.all.iter().map(up_to).collect())
    }

    fn room<'r>(&self, rooms: &'r Rooms, chance: &mut Chance) -> &'r super::rooms::Room {
        let at = chance.unit() * self.0.last().copied().unwrap_or(0.0);
        let found = self.0.partition_point(|sum| *sum < at);
        &rooms.all[found.min(rooms.all.len() - 1)]
    }
}

/// Of waits in their order, the one below which that share of the deliveries is.
fn quantile(waits: &[(f64, u64)], share: f64) -> Option<f64> {
    let all: u64 = waits.iter().map(|(_, count)| count).sum();
    let mut left = all as f64 * share;
    let found = waits.iter().find(|(_, count)| {
        left -= *count as f64;
        left <= 0.0
    });
    found.map(|(wait, _)| *wait)
}
