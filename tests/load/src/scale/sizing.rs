//! How many nodes there have to be, with each design: so many that the busiest is not too full when one is lost.

use super::chance::Chance;
use super::costs::Costs;
use super::designs::{CELL, Design, place};
use super::node::{Load, Machine};
use super::rooms::Rooms;

/// Steps to the number of nodes at most; each comes nearer by the share that does not depend on it.
const STEPS: usize = 400;
/// Nodes beyond which it is taken that no number is enough.
const NODES_MAX: usize = 20_000;

/// A fleet of nodes, with what each of them does.
pub(super) struct Fleet {
    pub(super) design: Design,
    pub(super) machine: Machine,
    pub(super) loads: Vec<Load>,
    /// What the number of nodes is for.
    pub(super) because: &'static str,
    /// Whether the busiest node is within its bounds, but for the reader's core.
    pub(super) enough: bool,
}

/// What a fleet is for.
pub(super) struct Wanted<'r> {
    pub(super) rooms: &'r Rooms,
    pub(super) partitions: &'r [Load],
    pub(super) machine: Machine,
    pub(super) costs: &'r Costs,
}

impl Wanted<'_> {
    /// As few nodes as do; where none do, as many as would if they need not read the log.
    pub(super) fn fleet(&self, design: Design, chance: &mut Chance) -> Fleet {
        let (mut nodes, enough) = self.by_mean(design);
        loop {
            let loads = place(design, nodes, self.rooms, self.partitions, chance);
            let (full, because) = self.busiest(design, &loads);
            if full <= 1.0 || !enough {
                let machine = self.machine;
                return Fleet {
                    design,
                    machine,
                    loads,
                    because,
                    enough,
                };
            }
            nodes = next(nodes, full, design);
        }
    }

    /// The number of nodes if all of them had the mean to do, and whether it is enough.
    pub(super) fn by_mean(&self, design: Design) -> (usize, bool) {
        let mut all = Load::default();
        self.partitions
            .iter()
            .for_each(|partition| all.add(partition, 1.0));
        match self.steps(design, &all, true) {
            Some(nodes) => (nodes, true),
            None => (
                self.steps(design, &all, false).unwrap_or(least(design)),
                false,
            ),
        }
    }

    fn steps(&self, design: Design, all: &Load, reading: bool) -> Option<usize> {
        let mut nodes = least(design);
        for _ in 0..STEPS {
            let mut node = Load::default();
            node.add(all, 1.0 / nodes as f64);
            let readers = match design {
                Design::Today | Design::Needed => nodes,
                Design::Cells | Design::Balanced => CELL,
            };
            let share = f64::from(u8::from(reading)) * readers as f64 / nodes as f64;
            (node.read, node.heard, node.seats) =
                (all.read * share, all.heard * share, all.seats * share);
            let (full, _) = self.full(design, nodes, &node);
            if full <= 1.0 {
                return Some(nodes);
            }
            nodes = next(nodes, full.min(2.0), design);
            if nodes > NODES_MAX {
                return None;
            }
        }
        None
    }

    /// How full the busiest node is with one other lost.
    fn busiest(&self, design: Design, loads: &[Load]) -> (f64, &'static str) {
        let full = |load: &Load| self.full(design, loads.len(), load);
        loads.iter().map(full).fold(
            (0.0, ""),
            |most, one| if one.0 > most.0 { one } else { most },
        )
    }

    fn full(&self, design: Design, nodes: usize, load: &Load) -> (f64, &'static str) {
        let sharing = match design {
            Design::Today | Design::Needed => nodes as f64,
            Design::Cells | Design::Balanced => CELL as f64,
        };
        load.with_more(sharing / (sharing - 1.0))
            .fullest(&self.machine, self.costs)
    }
}

/// No fleet is smaller.
fn least(design: Design) -> usize {
    match design {
        Design::Today | Design::Needed => 2,
        Design::Cells | Design::Balanced => CELL,
    }
}

/// A number of nodes that may be enough where so many were too full: more by a hundredth at least, and whole cells.
fn next(nodes: usize, full: f64, design: Design) -> usize {
    let more = (nodes as f64 * (1.0 + (full - 1.0) / 2.0).max(1.01)).ceil() as usize;
    match design {
        Design::Today | Design::Needed => more.max(nodes + 1),
        Design::Cells | Design::Balanced => more.max(nodes + 1).next_multiple_of(CELL),
    }
}

impl Fleet {
    pub(super) fn nodes(&self) -> f64 {
        self.loads.len() as f64
    }

    /// A figure of the busiest node, and the mean of all.
    pub(super) fn of(&self, figure: impl Fn(&Load) -> f64) -> (f64, f64) {
        let figures = self.loads.iter().map(figure);
        let (sum, most) = figures.fold((0.0, 0.0_f64), |(sum, most), one| {
            (sum + one, most.max(one))
        });
        (most, sum / self.nodes())
    }

    /// How many nodes a room's listeners are spread over.
    pub(super) fn spread(&self) -> f64 {
        match self.design {
            Design::Today | Design::Needed => self.nodes(),
            Design::Cells | Design::Balanced => CELL as f64,
        }
    }

    /// Whether a reader keeps up with the log.
    pub(super) fn keeps_up(&self, costs: &Costs) -> bool {
        self.of(|load| load.reader(costs)).0 <= 1.0
    }
}
