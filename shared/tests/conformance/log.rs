//! The log: one order in each of its parts, durable, and the same verdicts whoever reads it.

mod following;
mod order;
mod verdicts;
