//! Prices of AWS in Frankfurt (eu-central-1), on demand, without taxes and discounts, as remembered in November 2026: check
//! them, change them here, and write the page again. A million people get discounts, and fifty million make contracts.

use super::node::Machine;

/// Euros for a dollar.
pub(super) const EURO: f64 = 0.92;

/// A price with what it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    pub(super) what: &'static str,
    pub(super) dollars: f64,
    pub(super) per: &'static str,
}

const fn price(what: &'static str, dollars: f64, per: &'static str) -> Price {
    Price { what, dollars, per }
}

pub(super) const SMALL: Machine = Machine {
    name: "c7g.xlarge",
    cores: 4.0,
    memory_gib: 8.0,
    network: 234e6,
    sockets_max: 100_000.0,
};
pub(super) const LARGE: Machine = Machine {
    name: "c7g.4xlarge",
    cores: 16.0,
    memory_gib: 32.0,
    network: 937e6,
    sockets_max: 400_000.0,
};

pub(super) const CORE: Price = price("EC2 c7g, for each core", 0.0414, "hour");
pub(super) const BROKER: Price = price(
    "MSK kafka.m7g.large, larger ones in proportion",
    0.245,
    "hour",
);
pub(super) const BROKER_GB: Price = price("MSK storage", 0.119, "GB and month");
pub(super) const ZONES: Price = price("between zones, both directions", 0.02, "GB");
pub(super) const WRITES: Price = price(
    "DynamoDB, a million write units on demand",
    0.7625,
    "million",
);
pub(super) const READS: Price = price(
    "DynamoDB, a million read units on demand",
    0.1525,
    "million",
);
pub(super) const KEPT: Price = price("DynamoDB storage", 0.306, "GB and month");
pub(super) const REDIS: Price = price("ElastiCache cache.r7g.xlarge", 0.523, "hour");
pub(super) const MONGO: Price = price("DocumentDB db.r6g.xlarge", 0.638, "hour");
pub(super) const BALANCER: Price = price(
    "a balancer's capacity unit: 3,000 connections or 1 GB an hour",
    0.008,
    "hour",
);
pub(super) const EGRESS: [(f64, Price); 4] = [
    (10e3, price("to the internet, first 10 TB", 0.09, "GB")),
    (40e3, price("next 40 TB", 0.085, "GB")),
    (100e3, price("next 100 TB", 0.07, "GB")),
    (f64::INFINITY, price("beyond", 0.05, "GB")),
];
pub(super) const REQUESTS: Price = price(
    "API Gateway and Lambda, a million requests of 50 ms and 256 MB",
    1.52,
    "million",
);

/// Bytes a second that a kafka.m7g.large sends well below its bound.
pub(super) const BROKER_BYTES: f64 = 60e6;
/// Brokers at least, and copies of each record.
pub(super) const COPIES: f64 = 3.0;
/// Share of what is read from brokers that comes from another zone: of three, two are others.
pub(super) const OTHER_ZONES: f64 = 2.0 / 3.0;
/// What one cache.r7g.xlarge takes: commands a second, bytes of data, bytes a second out.
pub(super) const REDIS_EACH: (f64, f64, f64) = (100e3, 20e9, 230e6);
/// Commands a second of one db.r6g.xlarge.
pub(super) const MONGO_EACH: f64 = 10e3;
/// A balancer's capacity unit: connections, and bytes an hour.
pub(super) const BALANCER_EACH: (f64, f64) = (3_000.0, 1e9);

/// All prices, for the page.
pub(super) fn told() -> Vec<Price> {
    let mut all = vec![
        CORE, BROKER, BROKER_GB, ZONES, WRITES, READS, KEPT, REDIS, MONGO, BALANCER, REQUESTS,
    ];
    all.extend(EGRESS.iter().map(|(_, price)| *price));
    all
}
