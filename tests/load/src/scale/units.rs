//! What is asked of the stores, as it is counted and billed.

use std::ops::{Add, Mul};

/// What is asked of the stores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Units {
    /// Records of the log.
    pub(super) records: f64,
    /// Read units of DynamoDB: 4 KiB read consistently, or 8 KiB of an index.
    pub(super) reads: f64,
    /// Write units: 1 KiB, twice that in a transaction, and once more for each index that has the item.
    pub(super) writes: f64,
    /// Commands of Redis, those of scripts too.
    pub(super) redis: f64,
    /// Times that the leases of all nodes are read with them.
    pub(super) leases: f64,
    /// Commands of MongoDB.
    pub(super) mongo: f64,
    /// Requests over HTTP.
    pub(super) http: f64,
}

impl Add for Units {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            redis: self.redis + other.redis,
            leases: self.leases + other.leases,
            mongo: self.mongo + other.mongo,
            http: self.http + other.http,
        }
    }
}

impl Mul<f64> for Units {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Self {
            records: self.records * by,
            reads: self.reads * by,
            writes: self.writes * by,
            redis: self.redis * by,
            leases: self.leases * by,
            mongo: self.mongo * by,
            http: self.http * by,
        }
    }
}
