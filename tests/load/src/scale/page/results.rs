//! What comes out, beside each other: the fleets of so many people, and of the most people by two designs.

use super::{machine, row};
use crate::scale::bill::{read_bytes, redis, relayed_bytes};
use crate::scale::costs::Costs;
use crate::scale::designs::Design;
use crate::scale::partitions::busiest;
use crate::scale::rooms::Room;
use crate::scale::sizes::Sizes;
use crate::scale::text::{bytes, figure, percent, seconds, table};
use crate::scale::town::{Outcome, Town};

/// The columns of what is compared by design, where there is more than one town: today's design for all, cells for the last.
fn columns(towns: &[Town; 3]) -> Vec<(String, &Town, &Outcome)> {
    let column = |town: &'_ Town, at: usize| {
        let design = if at == 0 { "today" } else { "cells" };
        format!("{} people, {design}", figure(town.rooms.people.online))
    };
    let last = Design::ALL.len() - 1;
    [(0, 0), (1, 0), (2, 0), (2, last)]
        .into_iter()
        .map(|(town, at)| {
            (
                column(&towns[town], at),
                &towns[town],
                &towns[town].outcomes[at],
            )
        })
        .collect()
}

fn head<'h>(first: &'h str, columns: &'h [(String, &Town, &Outcome)]) -> Vec<&'h str> {
    std::iter::once(first)
        .chain(columns.iter().map(|(name, ..)| name.as_str()))
        .collect()
}

pub(super) fn answer(towns: &[Town; 3]) -> String {
    let columns = columns(towns);
    let costs = Costs::measured();
    let per = |what: &str, of: &dyn Fn(&Outcome) -> String| {
        row(what, &columns, |(_, _, outcome)| of(outcome))
    };
    table(
        &head("", &columns),
        [
            per("socket nodes", &|o| figure(o.fleet.nodes())),
            per("each", &|o| machine(&o.fleet.machine)),
            row("Kafka partitions", &columns, |(_, town, _)| {
                town.partitions.len().to_string()
            }),
            per("records of the log a second", &|o| {
                figure(o.asked.units.records)
            }),
            row("deliveries a second", &columns, |(_, town, _)| {
                figure(town.rooms.sum(Room::deliveries))
            }),
            per("DynamoDB write units a second", &|o| {
                figure(o.asked.units.writes)
            }),
            per("DynamoDB read units a second", &|o| {
                figure(o.asked.units.reads)
            }),
            per("Redis commands a second", &|o| figure(o.asked.units.redis)),
            per("euros a month", &|o| figure(o.euros())),
            row(
                "euros a month for a thousand people",
                &columns,
                |(_, town, o)| figure(o.euros() / town.rooms.people.online * 1e3),
            ),
            per("does a node keep up with the log", &|o| {
                if o.fleet.keeps_up(&costs) {
                    "yes".into()
                } else {
                    "**no**".into()
                }
            }),
        ],
    )
}

pub(super) fn rooms(towns: &[Town; 3]) -> String {
    let names: Vec<String> = towns
        .iter()
        .map(|town| format!("{} people", figure(town.rooms.people.online)))
        .collect();
    let head: Vec<&str> = std::iter::once("")
        .chain(names.iter().map(String::as_str))
        .collect();
    let per = |what: &str, of: &dyn Fn(&Town) -> String| row(what, towns, of);
    table(
        &head,
        [
            per("rooms", &|t| figure(t.rooms.count())),
            per("small rooms that one drawn stands for", &|t| {
                t.rooms
                    .all
                    .iter()
                    .map(|room| room.weight)
                    .max()
                    .unwrap_or(0)
                    .to_string()
            }),
            per("listeners of the largest", &|t| {
                figure(t.rooms.all.iter().map(Room::size).fold(0.0, f64::max))
            }),
            per("share of listeners in rooms over 1,000", &|t| {
                let many = t.rooms.sum(|room| {
                    if room.listeners > 1_000 {
                        room.size()
                    } else {
                        0.0
                    }
                });
                percent(many / t.rooms.sum(Room::size))
            }),
            per("messages a second", &|t| {
                figure(t.rooms.sum(|room| room.messages))
            }),
            per("deliveries of messages a second", &|t| {
                figure(t.rooms.sum(|room| room.messages * room.size()))
            }),
            per("deliveries of ENTER and EXIT a second", &|t| {
                figure(t.rooms.sum(|room| 2.0 * room.joins * room.size()))
            }),
            per("deliveries of presence a second", &|t| {
                figure(t.rooms.sum(|room| room.flips() * room.size()))
            }),
            per("the same if presence were watched in all rooms", &|t| {
                figure(t.rooms.sum(|room| 2.0 * room.opens * room.size()))
            }),
            per("busiest partition: listeners, of the mean", &|t| {
                figure(busiest(t.partitions.iter().map(|load| load.sockets)))
            }),
            per("busiest partition: deliveries, of the mean", &|t| {
                figure(busiest(t.partitions.iter().map(|load| load.deliveries())))
            }),
            per("busiest partition: records, of the mean", &|t| {
                figure(busiest(t.partitions.iter().map(|load| load.read)))
            }),
        ],
    )
}

pub(super) fn stores(towns: &[Town; 3], sizes: &Sizes) -> String {
    let columns = columns(towns);
    let per = |what: &str, of: &dyn Fn(&Outcome) -> String| {
        row(what, &columns, |(_, _, outcome)| of(outcome))
    };
    table(
        &head("a second", &columns),
        [
            per("log written", &|o| bytes(o.asked.log_bytes)),
            per("log read by all nodes", &|o| bytes(read_bytes(&o.fleet))),
            per("handed from node to node", &|o| {
                bytes(relayed_bytes(&o.fleet, sizes))
            }),
            per("batches of recorders", &|o| figure(o.asked.batches)),
            per("a batch takes", &|o| seconds(o.asked.batch_s)),
            per("history written", &|o| bytes(o.asked.history_bytes)),
            per("read units for rooms that a node begins to watch", &|o| {
                figure(o.asked.watches)
            }),
            per("MongoDB commands", &|o| figure(o.asked.units.mongo)),
            per("requests over HTTP", &|o| figure(o.asked.units.http)),
            per("leases of nodes told by Redis", &|o| {
                bytes(o.asked.lease_bytes)
            }),
            per("Redis has, in all", &|o| bytes(o.asked.redis_bytes)),
            per("so many primaries of Redis", &|o| figure(redis(&o.asked))),
        ],
    )
}

pub(super) fn bill(towns: &[Town; 3]) -> String {
    let columns = columns(towns);
    let lines = columns[0].2.bill.iter().enumerate().map(|(at, line)| {
        row(line.what, &columns, |(_, _, outcome)| {
            figure(outcome.bill[at].euros)
        })
    });
    let all = row("**in all**", &columns, |(_, _, outcome)| {
        format!("**{}**", figure(outcome.euros()))
    });
    table(&head("euros a month", &columns), lines.chain([all]))
}
