//! Nodes by each design, and from how many of them on today's is no longer right.

use super::{machine, row};
use crate::scale::costs::Costs;
use crate::scale::crossing::{Crossing, crossings, point};
use crate::scale::designs::CELL;
use crate::scale::node::Load;
use crate::scale::prices::{LARGE, SMALL};
use crate::scale::sizes::Sizes;
use crate::scale::text::{bytes, figure, percent, seconds, table};
use crate::scale::town::Town;

pub(super) fn nodes(town: &Town, costs: &Costs) -> String {
    let fleets = &town.outcomes;
    let names: Vec<&str> = fleets.iter().map(|o| o.fleet.design.name()).collect();
    let head: Vec<&str> = std::iter::once("a node: busiest (mean)")
        .chain(names)
        .collect();
    type Of<'o> = &'o dyn Fn(&Load) -> f64;
    let both = |what: &str, text: fn(f64) -> String, of: Of<'_>| {
        row(what, fleets, |o| {
            let (most, mean) = o.fleet.of(of);
            format!("{} ({})", text(most), text(mean))
        })
    };
    let text = table(
        &head,
        [
            row("nodes", fleets, |o| {
                let few = if o.fleet.enough { "" } else { ", never enough" };
                format!("{}{few}", figure(o.fleet.nodes()))
            }),
            row("as many because of", fleets, |o| o.fleet.because.to_owned()),
            both("sockets", figure, &|load| load.sockets),
            both("deliveries a second", figure, &Load::deliveries),
            both("bytes to clients a second", bytes, &Load::egress),
            both("share of the partitions that it reads", percent, &|load| {
                load.partitions
            }),
            both("records read a second", figure, &|load| load.read),
            both("of these of rooms that it has nobody in", figure, &|load| {
                load.read - load.needed
            }),
            both("bytes of log read a second", bytes, &|load| load.log_bytes),
            both(
                "records handed to other nodes and got, a second",
                figure,
                &|load| load.relayed,
            ),
            both("cores busy", figure, &|load| load.cores(costs)),
            both("of these with reading", figure, &|load| load.reading(costs)),
            both("reader's core, 1 being full", figure, &|load| {
                load.reader(costs)
            }),
            both("memory", bytes, &|load| load.memory(costs)),
            both("of this the judge's", bytes, &|load| load.judge(costs)),
            both("time to start", seconds, &|load| load.start_s(costs)),
            row(
                "wait in the busiest node: median, p99",
                fleets,
                |o| match o.waits {
                    Some((median, p99)) => format!("{}, {}", seconds(median), seconds(p99)),
                    None => "without end".into(),
                },
            ),
        ],
    );
    let online = figure(town.rooms.people.online);
    let on = fleets
        .first()
        .map(|o| machine(&o.fleet.machine))
        .unwrap_or_default();
    format!("### {online} people, on {on}\n\n{text}\n")
}

pub(super) fn crossing_table(sizes: &Sizes, costs: &Costs, seed: u64) -> String {
    let people = [30e3, 100e3, 300e3, 1e6, 3e6, 10e6, 20e6, 50e6];
    let rows = people.into_iter().map(|people| {
        let point = point(people, SMALL, sizes, costs, seed);
        let node = &point.node;
        vec![
            if point.enough {
                figure(point.nodes)
            } else {
                format!("{}: never enough", figure(point.nodes))
            },
            figure(people),
            figure(node.read),
            percent(point.needed),
            percent(node.reading(costs) / node.cores(costs)),
            figure(node.reader(costs)),
            bytes(node.judge(costs)),
            seconds(node.start_s(costs)),
            bytes(point.read_bytes),
            figure(point.nodes_euros),
            figure(point.reading_euros),
            figure(point.near_euros),
            figure(point.cells_euros),
        ]
    });
    let cells = format!("with cells of {CELL}");
    table(
        &[
            "nodes",
            "people",
            "records a second",
            "of these needed by a node",
            "of its CPU for reading",
            "reader's core, 1 being full",
            "judge's memory",
            "time to start",
            "log read by all, a second",
            "nodes, euros a month",
            "reading, euros a month",
            "in its own zone",
            &cells,
        ],
        rows,
    )
}

pub(super) fn crossings_list(sizes: &Sizes, costs: &Costs, seed: u64) -> String {
    let of = |machine| crossings(machine, sizes, costs, seed);
    let (small, large) = (of(SMALL), of(LARGE));
    let from = |crossing: &Crossing| match crossing.from {
        Some((f64::INFINITY, people)) => {
            format!("{} people, with any number of nodes", figure(people))
        }
        Some((nodes, people)) => format!("{} nodes, {} people", figure(nodes), figure(people)),
        None => "not before it ends".into(),
    };
    let rows = small
        .iter()
        .zip(&large)
        .map(|(small, large)| vec![small.what.to_owned(), from(small), from(large)]);
    let (small, large) = (machine(&SMALL), machine(&LARGE));
    table(&["from where on", &small, &large], rows)
}
