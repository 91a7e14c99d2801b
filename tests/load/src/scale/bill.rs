//! Euros a month.

use super::people::{GB_A_MONTH, HOURS, MONTH_S};
use super::prices::*;
use super::sizes::Sizes;
use super::sizing::Fleet;
use super::stores::Asked;

/// One line of the bill, in euros a month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) what: &'static str,
    pub(super) euros: f64,
}

/// What a fleet costs a month.
pub(super) fn bill(fleet: &Fleet, asked: &Asked, sizes: &Sizes) -> Vec<Line> {
    let line = |what, dollars: f64| Line {
        what,
        euros: dollars * EURO,
    };
    let nodes = fleet.nodes() * fleet.machine.cores;
    let read = read_bytes(fleet);
    let egress: f64 = fleet
        .loads
        .iter()
        .map(super::node::Load::egress)
        .sum::<f64>()
        + asked.answer_bytes;
    let retained = asked.log_bytes * COPIES * 7.0 * 86_400.0 / 1e9;
    let per_million = MONTH_S / 1e6;
    vec![
        line("socket nodes", nodes * CORE.dollars * HOURS),
        line(
            "Kafka, brokers",
            brokers(asked, read) * BROKER.dollars * HOURS,
        ),
        line("Kafka, 7 days of log", retained * BROKER_GB.dollars),
        line(
            "from node to node, between zones",
            relayed_bytes(fleet, sizes) * OTHER_ZONES * GB_A_MONTH * ZONES.dollars,
        ),
        line(
            "the log to the nodes, between zones",
            read * OTHER_ZONES * GB_A_MONTH * ZONES.dollars,
        ),
        line(
            "DynamoDB, writes",
            asked.units.writes * per_million * WRITES.dollars,
        ),
        line(
            "DynamoDB, reads",
            asked.units.reads * per_million * READS.dollars,
        ),
        line(
            "DynamoDB, history of one month; as much more each month",
            asked.history_bytes * GB_A_MONTH * KEPT.dollars,
        ),
        line(
            "Redis, with a copy of each",
            2.0 * redis(asked) * REDIS.dollars * HOURS,
        ),
        line(
            "MongoDB, three copies",
            3.0 * (asked.units.mongo / MONGO_EACH).ceil() * MONGO.dollars * HOURS,
        ),
        line(
            "functions",
            asked.units.http * per_million * REQUESTS.dollars,
        ),
        line(
            "balancers",
            balancer(fleet, egress) * BALANCER.dollars * HOURS,
        ),
        line("to the internet", internet(egress)),
    ]
}

/// Bytes a second of log that all nodes read.
pub(super) fn read_bytes(fleet: &Fleet) -> f64 {
    fleet.loads.iter().map(|load| load.log_bytes).sum()
}

/// Bytes a second that nodes hand to each other; each record is counted at both.
pub(super) fn relayed_bytes(fleet: &Fleet, sizes: &Sizes) -> f64 {
    let relayed: f64 = fleet.loads.iter().map(|load| load.relayed).sum();
    relayed / 2.0 * sizes.said
}

/// Brokers, as kafka.m7g.large: for what they send to nodes, to recorders and to each other.
pub(super) fn brokers(asked: &Asked, read: f64) -> f64 {
    let sent = read + asked.log_bytes + asked.log_bytes * (COPIES - 1.0);
    (sent / BROKER_BYTES).ceil().max(COPIES)
}

/// Primaries of Redis.
pub(super) fn redis(asked: &Asked) -> f64 {
    let shares = [
        asked.units.redis / REDIS_EACH.0,
        asked.redis_bytes / REDIS_EACH.1,
        asked.lease_bytes / REDIS_EACH.2,
    ];
    shares.into_iter().fold(1.0, f64::max).ceil()
}

fn balancer(fleet: &Fleet, egress: f64) -> f64 {
    let sockets: f64 = fleet.loads.iter().map(|load| load.sockets).sum();
    (sockets / BALANCER_EACH.0)
        .max(egress * 3_600.0 / BALANCER_EACH.1)
        .ceil()
}

fn internet(bytes_per_s: f64) -> f64 {
    let mut left = bytes_per_s * GB_A_MONTH;
    let mut dollars = 0.0;
    for (upto, price) in EGRESS {
        let part = left.min(upto);
        dollars += part * price.dollars;
        left -= part;
    }
    dollars
}
