//! That the page is what the simulator says, and that the simulator says what cannot be otherwise.

use std::sync::LazyLock;

use super::costs::Costs;
use super::designs::{CELL, Design, place};
use super::node::Load;
use super::page::{Block, SEED, blocks, put};
use super::partitions::busiest;
use super::prices::SMALL;
use super::queue;
use super::rooms::Room;
use super::town::Town;

const PAGE: &str = include_str!("../../../../docs/scale.md");
/// So many people that each design has several nodes.
static TOWN: LazyLock<Town> = LazyLock::new(|| simulate(800e3, SEED));

fn simulate(online: f64, seed: u64) -> Town {
    Town::simulate(online, SMALL, &Design::ALL, seed).unwrap()
}

fn sum(loads: &[Load], of: impl Fn(&Load) -> f64) -> f64 {
    loads.iter().map(of).sum()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * other.abs()
}

#[test]
fn the_page_is_what_the_simulator_prints() {
    let written = put(PAGE, &blocks(SEED).unwrap()).unwrap();
    let differs = PAGE
        .lines()
        .zip(written.lines())
        .find(|(page, now)| page != now);
    let how = "write it anew: cargo run -p roomtone-load -- scale --write docs/scale.md";
    assert!(
        PAGE == written,
        "docs/scale.md is old at {differs:?}; {how}"
    );
}

#[test]
fn only_what_is_between_markers_is_written() {
    let blocks = [Block {
        name: "a",
        text: "new\n".into(),
    }];
    let page = "before\n<!-- scale: a -->\nold\n<!-- scale: end -->\nafter\n";
    let written = put(page, &blocks).unwrap();
    assert_eq!(
        written,
        "before\n<!-- scale: a -->\n\nnew\n\n<!-- scale: end -->\nafter\n"
    );
    assert_eq!(put(&written, &blocks).unwrap(), written);
    assert!(put("no place", &blocks).is_err());
}

#[test]
fn the_same_seed_gives_the_same_and_another_one_does_not() {
    let told = |town: &Town| -> Vec<String> {
        town.outcomes
            .iter()
            .map(|o| format!("{:?} {:?} {:?}", o.fleet.loads, o.bill, o.waits))
            .collect()
    };
    let one = told(&simulate(100e3, 1));
    assert_eq!(one, told(&simulate(100e3, 1)));
    assert_ne!(one, told(&simulate(100e3, 2)));
}

#[test]
fn nothing_is_lost_on_the_way_from_rooms_to_partitions_and_nodes() {
    let rooms = &TOWN.rooms;
    let (deliveries, messages) = (rooms.sum(Room::deliveries), rooms.sum(|room| room.messages));
    let sockets = rooms.sum(Room::size) / (1.0 + rooms.people.second_room);
    let all = std::iter::once(("partitions", &TOWN.partitions));
    let fleets = TOWN
        .outcomes
        .iter()
        .map(|o| (o.fleet.design.name(), &o.fleet.loads));
    for (name, loads) in all.chain(fleets) {
        assert!(near(sum(loads, Load::deliveries), deliveries), "{name}");
        assert!(near(sum(loads, |load| load.messages), messages), "{name}");
        assert!(near(sum(loads, |load| load.sockets), sockets), "{name}");
    }
    assert!(near(
        sum(&TOWN.partitions, |load| load.read),
        rooms.sum(Room::records)
    ));
}

#[test]
fn every_partition_is_read_by_every_node_today_and_by_one_cell_then() {
    let records = TOWN.rooms.sum(Room::records);
    for outcome in &TOWN.outcomes {
        let (loads, nodes) = (&outcome.fleet.loads, outcome.fleet.nodes());
        let readers = match outcome.fleet.design {
            Design::Today => nodes,
            // With so many rooms at a node, it has somebody in a room of every partition.
            Design::Needed => nodes,
            Design::Cells | Design::Balanced => CELL as f64,
        };
        let name = outcome.fleet.design.name();
        assert!(
            near(sum(loads, |load| load.read), records * readers),
            "{name}"
        );
        assert!(near(sum(loads, |load| load.partitions), readers), "{name}");
        assert!(
            loads
                .iter()
                .all(|load| load.needed <= load.read * (1.0 + 1e-9)),
            "{name}"
        );
    }
}

#[test]
fn a_node_with_few_sockets_reads_only_the_partitions_it_needs() {
    let town = simulate(10e3, SEED);
    let mut chance = super::chance::Chance::new(1);
    let loads = place(
        Design::Needed,
        5_000,
        &town.rooms,
        &town.partitions,
        &mut chance,
    );
    assert!(loads.iter().any(|load| load.partitions < 0.5));
    assert!(
        loads
            .iter()
            .all(|load| load.sockets == 0.0 || load.read > 0.0)
    );
}

#[test]
fn twice_the_people_have_never_fewer_nodes_partitions_or_euros() {
    for at in [0, Design::ALL.len() - 1] {
        let mut before = (0.0, 0, 0.0);
        for doubled in 0..8 {
            let town = simulate(f64::from(10_000 << doubled), SEED);
            let outcome = &town.outcomes[at];
            let now = (
                outcome.fleet.nodes(),
                town.partitions.len(),
                outcome.euros(),
            );
            assert!(
                now.0 >= before.0 && now.1 >= before.1 && now.2 > before.2,
                "{before:?}, then {now:?}"
            );
            before = now;
        }
    }
}

#[test]
fn the_busiest_node_has_room_for_what_a_lost_one_leaves() {
    let costs = Costs::measured();
    for outcome in &TOWN.outcomes {
        let sharing = match outcome.fleet.design {
            Design::Today | Design::Needed => outcome.fleet.nodes(),
            Design::Cells | Design::Balanced => CELL as f64,
        };
        let more = sharing / (sharing - 1.0);
        let full = |load: &Load| load.with_more(more).fullest(&SMALL, &costs).0;
        let most = outcome.fleet.loads.iter().map(full).fold(0.0, f64::max);
        assert!(outcome.fleet.enough && most <= 1.0 && most > 0.5, "{most}");
    }
}

#[test]
fn partitions_dealt_by_their_load_leave_cells_more_even() {
    let [.., by_number, by_load] = &TOWN.outcomes[..] else {
        panic!("two designs have cells");
    };
    let uneven = |loads: &[Load]| busiest(loads.iter().map(|load| load.sockets));
    assert!(uneven(&by_load.fleet.loads) < uneven(&by_number.fleet.loads));
    assert!(uneven(&by_load.fleet.loads) >= 1.0);
}

#[test]
fn slower_nodes_make_records_wait_longer_and_too_slow_ones_without_end() {
    let (fleet, rooms) = (&TOWN.outcomes[0].fleet, &TOWN.rooms);
    let wait = |times: f64| {
        let costs = Costs::measured();
        let costs = Costs {
            record_s: costs.record_s * times,
            ..costs
        };
        queue::waits(fleet, rooms, &costs, &mut super::chance::Chance::new(3))
    };
    let (as_is, slower) = (wait(1.0).unwrap(), wait(20.0).unwrap());
    assert!(
        as_is.0 <= as_is.1 && as_is.0 < slower.0 && as_is.1 < slower.1,
        "{as_is:?}, {slower:?}"
    );
    assert_eq!(wait(200.0), None);
}
