//! From how many nodes on it is no longer right that every node reads every partition: the same fleet over and over, with
//! more people and as many more nodes, each with the mean to do.

use super::bill::read_bytes;
use super::chance::Chance;
use super::costs::Costs;
use super::designs::{CELL, Design, elsewhere, relayed};
use super::node::{Load, Machine};
use super::people::{GB_A_MONTH, HOURS, People};
use super::prices::{BROKER, BROKER_BYTES, COPIES, CORE, EURO, OTHER_ZONES, ZONES};
use super::rooms::{Detail, Room, Rooms};
use super::sizes::Sizes;
use super::sizing::{Fleet, Wanted};

/// Only sums are wanted of each point.
const DETAIL: Detail = Detail {
    large: 2_000.0,
    small_max: 10_000.0,
};
/// From one point to the next there are so many times the people.
const STEP: f64 = 1.25;
/// The first and the last.
const PEOPLE: (f64, f64) = (200e3, 100e6);
/// Seconds that a node may take to start.
const START_S: f64 = 60.0;

/// A fleet of the design of today, by its mean node.
pub(super) struct Point {
    pub(super) people: f64,
    pub(super) nodes: f64,
    /// Whether so many are enough, or any number is.
    pub(super) enough: bool,
    pub(super) node: Load,
    /// The share of the records that a node reads whose rooms it has.
    pub(super) needed: f64,
    /// Bytes a second that all nodes read.
    pub(super) read_bytes: f64,
    /// Euros a month for the nodes, and of all for reading the log: cores, zones, and brokers beyond those there are anyway.
    pub(super) nodes_euros: f64,
    pub(super) reading_euros: f64,
    /// The latter where each node reads in its own zone, and where nodes are in cells.
    pub(super) near_euros: f64,
    pub(super) cells_euros: f64,
}

/// What stops being right, and from which point on: nodes, without end where no number of them is enough, and people.
pub(super) struct Crossing {
    pub(super) what: &'static str,
    pub(super) from: Option<(f64, f64)>,
}

/// So many people on such machines.
pub(super) fn point(
    people: f64,
    machine: Machine,
    sizes: &Sizes,
    costs: &Costs,
    seed: u64,
) -> Point {
    let mut chance = Chance::new(seed);
    let rooms = Rooms::draw(People::online(people), DETAIL, &mut chance);
    let mut all = Load::default();
    for room in &rooms.all {
        let weight = room.weight as f64;
        all.hear(
            room,
            room.size() * weight,
            1.0 / (1.0 + rooms.people.second_room),
        );
        all.read(room, weight, sizes);
    }
    let wanted = Wanted {
        rooms: &rooms,
        partitions: &[all],
        machine,
        costs,
    };
    let (count, enough) = wanted.by_mean(Design::Today);
    let nodes = count as f64;
    let mut node = Load::default();
    node.add(&all, 1.0 / nodes);
    (node.read, node.heard, node.seats, node.log_bytes) =
        (all.read, all.heard, all.seats, all.log_bytes);
    let here = |room: &Room| room.records() * (1.0 - (1.0 - 1.0 / nodes).powf(room.size()));
    let needed = rooms.sum(here) / all.read;
    let fleet = Fleet {
        design: Design::Today,
        machine,
        loads: vec![node; count],
        because: "",
        enough,
    };
    let reading = Reading {
        log_bytes: all.log_bytes,
        cores: node.reading(costs),
        other_zones: OTHER_ZONES,
    };
    let near = Reading {
        other_zones: 0.0,
        ..reading
    };
    let cells = (CELL as f64).min(nodes);
    let relayed = relayed(&rooms, nodes, elsewhere(&rooms, nodes / cells));
    Point {
        people,
        nodes,
        enough,
        needed,
        read_bytes: read_bytes(&fleet),
        nodes_euros: nodes * machine.cores * CORE.dollars * HOURS * EURO,
        reading_euros: reading.euros(nodes),
        near_euros: near.euros(nodes),
        cells_euros: reading.euros(cells) + relaying_euros(relayed, sizes, costs),
        node,
    }
}

/// A log that is read.
#[derive(Clone, Copy)]
struct Reading {
    /// Bytes that it grows by a second.
    log_bytes: f64,
    /// Cores that one reader takes.
    cores: f64,
    /// The share that is read from another zone.
    other_zones: f64,
}

impl Reading {
    /// Euros a month with so many readers of all of it: bytes between zones, cores, and brokers that there need not be else.
    fn euros(&self, readers: f64) -> f64 {
        let bytes = self.log_bytes * readers;
        let more = (bytes + self.log_bytes * COPIES) / BROKER_BYTES - COPIES;
        let dollars = bytes * self.other_zones * GB_A_MONTH * ZONES.dollars
            + self.cores * readers * CORE.dollars * HOURS
            + more.max(0.0) * BROKER.dollars * HOURS;
        dollars * EURO
    }
}

/// Euros a month for so many records a second that one node hands to another.
fn relaying_euros(records: f64, sizes: &Sizes, costs: &Costs) -> f64 {
    let dollars = records * sizes.said * OTHER_ZONES * GB_A_MONTH * ZONES.dollars
        + 2.0 * records * costs.relay_s * CORE.dollars * HOURS;
    dollars * EURO
}

/// Says whether something stopped being right.
type Wrong = fn(&Point, &Costs) -> bool;

/// What may stop being right before a fleet ends.
const BEFORE: [(&str, Wrong); 5] = [
    (
        "most records that a node reads are of rooms that it has nobody in",
        |p, _| p.needed < 0.5,
    ),
    ("a node takes more than a minute to start", |p, costs| {
        p.node.start_s(costs) > START_S
    }),
    ("reading the log costs more euros than the nodes", |p, _| {
        p.reading_euros > p.nodes_euros
    }),
    ("the same where each reads in its own zone", |p, _| {
        p.near_euros > p.nodes_euros
    }),
    ("the judge has more memory than the sockets", |p, costs| {
        p.node.judge(costs) > p.node.sockets * costs.socket_bytes
    }),
];
/// What ends it.
const END: (&str, Wrong) = (
    "it ends: the one core of a reader is full, or what a node has to keep of the log leaves it no memory for sockets",
    |p, costs| !p.enough || p.node.reader(costs) > 1.0,
);

/// From where on things stop being right on such machines.
pub(super) fn crossings(
    machine: Machine,
    sizes: &Sizes,
    costs: &Costs,
    seed: u64,
) -> Vec<Crossing> {
    let wrong: Vec<(&'static str, Wrong)> = BEFORE.into_iter().chain([END]).collect();
    let mut found: Vec<Crossing> = vec![];
    found.extend(wrong.iter().map(|(what, _)| Crossing { what, from: None }));
    let mut people = PEOPLE.0;
    while people <= PEOPLE.1 {
        let point = point(people, machine, sizes, costs, seed);
        let ends = END.1(&point, costs);
        for (crossing, (what, wrong)) in found.iter_mut().zip(&wrong) {
            let counts = !ends || *what == END.0;
            if crossing.from.is_none() && counts && wrong(&point, costs) {
                let nodes = if ends { f64::INFINITY } else { point.nodes };
                crossing.from = Some((nodes, point.people));
            }
        }
        if ends {
            break;
        }
        people *= STEP;
    }
    found
}
