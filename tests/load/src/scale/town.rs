//! So many people, simulated: their rooms, partitions, nodes by each design, stores and bill.

use super::bill::{Line, bill};
use super::chance::Chance;
use super::costs::Costs;
use super::designs::Design;
use super::node::{Load, Machine};
use super::partitions;
use super::people::People;
use super::queue;
use super::rooms::{Detail, Rooms};
use super::sizes::Sizes;
use super::sizing::{Fleet, Wanted};
use super::stores::{Asked, asked};
use crate::Failure;

/// Where there are more small rooms than are drawn, each stands for several.
const DETAIL: Detail = Detail {
    large: 64.0,
    small_max: 60_000.0,
};

/// What comes of one design.
pub(super) struct Outcome {
    pub(super) fleet: Fleet,
    pub(super) asked: Asked,
    pub(super) bill: Vec<Line>,
    /// The median and the 99th percentile of the seconds that a delivery waits in the busiest node; none without end.
    pub(super) waits: Option<(f64, f64)>,
}

/// So many people, and what comes of each design.
pub(super) struct Town {
    pub(super) rooms: Rooms,
    pub(super) partitions: Vec<Load>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Town {
    /// Simulates so many people on such machines.
    pub(super) fn simulate(
        online: f64,
        machine: Machine,
        designs: &[Design],
        seed: u64,
    ) -> Result<Self, Failure> {
        let (sizes, costs) = (Sizes::new()?, Costs::measured());
        let mut chance = Chance::new(seed);
        let rooms = Rooms::draw(People::online(online), DETAIL, &mut chance);
        let count = partitions::needed(&rooms, &costs);
        let partitions = partitions::loads(&rooms, count, &sizes, &mut chance);
        let wanted = Wanted {
            rooms: &rooms,
            partitions: &partitions,
            machine,
            costs: &costs,
        };
        let mut outcomes = vec![];
        for design in designs {
            let fleet = wanted.fleet(*design, &mut chance);
            let asked = asked(&rooms, &fleet, count, &sizes, &costs);
            let waits = queue::waits(&fleet, &rooms, &costs, &mut chance);
            outcomes.push(Outcome {
                bill: bill(&fleet, &asked, &sizes),
                fleet,
                asked,
                waits,
            });
        }
        Ok(Self {
            rooms,
            partitions,
            outcomes,
        })
    }
}

impl Outcome {
    /// Euros a month.
    pub(super) fn euros(&self) -> f64 {
        self.bill.iter().map(|line| line.euros).sum()
    }
}
