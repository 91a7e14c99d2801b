//! Sockets on nodes: as it is today, and two designs in which a node reads a part of the log only.

use super::chance::Chance;
use super::node::Load;
use super::rooms::Rooms;

/// A room with more listeners than so many times the nodes is spread by a normal distribution, not one by one.
const MANY: u64 = 4;
/// Nodes of a cell.
pub(super) const CELL: usize = 4;

/// Who reads what, and where sockets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// Sockets anywhere; every node reads every partition.
    Today,
    /// Sockets anywhere; a node reads the partitions of the rooms that its sockets listen to.
    Needed,
    /// A socket goes to the cell of nodes that reads its room's partition; partitions are given to cells by number.
    Cells,
    /// The same; the partitions with most listeners are given first, each to the cell that has the fewest.
    Balanced,
}

impl Design {
    pub(super) const ALL: [Self; 4] = [Self::Today, Self::Needed, Self::Cells, Self::Balanced];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Today => "every node reads every partition",
            Self::Needed => "only partitions needed, sockets anywhere",
            Self::Cells => "cells, partitions by number",
            Self::Balanced => "cells, partitions by their load",
        }
    }
}

/// What each node has to do.
pub(super) fn place(
    design: Design,
    nodes: usize,
    rooms: &Rooms,
    partitions: &[Load],
    chance: &mut Chance,
) -> Vec<Load> {
    match design {
        Design::Today => anywhere(nodes, rooms, partitions, chance, false),
        Design::Needed => anywhere(nodes, rooms, partitions, chance, true),
        Design::Cells | Design::Balanced => cells(design, nodes.div_ceil(CELL), rooms, partitions),
    }
}

/// Each listener's socket is at some node, whichever room it is in.
fn anywhere(
    nodes: usize,
    rooms: &Rooms,
    partitions: &[Load],
    chance: &mut Chance,
    needed_only: bool,
) -> Vec<Load> {
    let sockets_each = 1.0 / (1.0 + rooms.people.second_room);
    let mut loads = vec![Load::default(); nodes];
    let mut reads = vec![vec![false; partitions.len()]; nodes];
    let mut here = vec![0_u64; nodes];
    for room in &rooms.all {
        let weight = room.weight as f64;
        let partition = chance.room().partition(partitions.len() as u16).index();
        for at in spread(room.listeners, &mut here, chance) {
            let listeners = std::mem::take(&mut here[at]) as f64;
            loads[at].hear(room, listeners * weight, sockets_each);
            loads[at].needed += room.records() * weight;
            reads[at][partition] = true;
        }
    }
    for (load, reads) in loads.iter_mut().zip(&reads) {
        for (partition, _) in partitions
            .iter()
            .zip(reads)
            .filter(|(_, reads)| **reads || !needed_only)
        {
            read(load, partition, partitions.len());
        }
    }
    loads
}

/// Adds a partition to what a node reads.
fn read(load: &mut Load, partition: &Load, of: usize) {
    load.read += partition.read;
    load.heard += partition.heard;
    load.seats += partition.seats;
    load.log_bytes += partition.log_bytes;
    load.partitions += 1.0 / of as f64;
}

/// Puts listeners on nodes; gives the nodes that have some.
fn spread(listeners: u64, here: &mut [u64], chance: &mut Chance) -> Vec<usize> {
    let nodes = here.len();
    let mut with = vec![];
    if listeners < MANY * nodes as u64 {
        for _ in 0..listeners {
            let at = chance.below(nodes);
            if here[at] == 0 {
                with.push(at);
            }
            here[at] += 1;
        }
        return with;
    }
    let mut left = listeners;
    for (at, here) in here.iter_mut().enumerate() {
        let share = 1.0 / (nodes - at) as f64;
        *here = if at + 1 == nodes {
            left
        } else {
            chance.of(left, share)
        };
        left -= *here;
    }
    (0..nodes).filter(|at| here[*at] > 0).collect()
}

/// Partitions are dealt to cells; a cell's nodes share its sockets evenly. Who has a second room open, in whichever cell
/// that is, has its records handed on by a node of that cell.
fn cells(design: Design, count: usize, rooms: &Rooms, partitions: &[Load]) -> Vec<Load> {
    let count = count.max(1);
    let mut cells = vec![Load::default(); count];
    for (partition, cell) in dealt(design, count, partitions) {
        cells[cell].add(&partitions[partition], 1.0);
        cells[cell].partitions += 1.0 / partitions.len() as f64;
    }
    let nodes = (count * CELL) as f64;
    let elsewhere = elsewhere(rooms, count as f64);
    let relayed = relayed(rooms, nodes, elsewhere);
    let all = |of: fn(&Load) -> f64| partitions.iter().map(of).sum::<f64>();
    let (shown, flips) = (all(|load| load.shown), all(|load| load.flips));
    let mut loads = vec![];
    for cell in &cells {
        let mut node = Load::default();
        node.add(cell, 1.0 / CELL as f64);
        // Every node of the cell reads all that the cell does.
        (node.read, node.heard, node.seats) = (cell.read, cell.heard, cell.seats);
        (node.log_bytes, node.partitions) = (cell.log_bytes, cell.partitions);
        node.needed = cell.read;
        node.shown += elsewhere * (shown / nodes - node.shown);
        node.flips += elsewhere * (flips / nodes - node.flips);
        node.relayed = 2.0 * relayed / nodes;
        loads.extend([node; CELL]);
    }
    loads
}

/// Which partition is in which cell.
fn dealt(design: Design, count: usize, partitions: &[Load]) -> Vec<(usize, usize)> {
    let by_number = |at: usize| at * count / partitions.len();
    if design == Design::Cells {
        return (0..partitions.len())
            .map(|at| (at, by_number(at)))
            .collect();
    }
    let mut order: Vec<usize> = (0..partitions.len()).collect();
    order.sort_by(|a, b| partitions[*b].sockets.total_cmp(&partitions[*a].sockets));
    let mut full = vec![0.0; count];
    let mut fewest = |at: usize| {
        let least = (0..count)
            .min_by(|a, b| f64::total_cmp(&full[*a], &full[*b]))
            .unwrap_or(0);
        full[least] += partitions[at].sockets;
        (at, least)
    };
    order.into_iter().map(&mut fewest).collect()
}

/// The share of listeners whose sockets are in another of so many cells than their room.
pub(super) fn elsewhere(rooms: &Rooms, cells: f64) -> f64 {
    let second = rooms.people.second_room / (1.0 + rooms.people.second_room);
    second * (1.0 - 1.0 / cells)
}

/// Records a second that nodes hand to others: all that is heard of a room, to every node that has a listener of it from
/// another cell.
pub(super) fn relayed(rooms: &Rooms, nodes: f64, elsewhere: f64) -> f64 {
    rooms.sum(|room| {
        let there = nodes * (1.0 - (1.0 - 1.0 / nodes).powf(elsewhere * room.size()));
        room.heard() * there
    })
}
