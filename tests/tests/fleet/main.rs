//! What only a fleet on the real parts shows: several nodes, a recorder that moves between them, parts that go away.
//!
//! Every test starts nodes of its own, with a topic, tables, a database and keys of its own in the parts that the
//! environment names; without `--include-ignored` they count as ignored, never as passed.

// All of this is test code, where a broken expectation must stop the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod admin;
mod away;
mod burst;
mod eureka;
mod figures;
mod membership_crash;
mod recorder;
mod topic;
mod traces;
