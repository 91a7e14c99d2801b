//! The log: one order of everything, durable, and the same verdicts whoever reads it.

mod order;
mod verdicts;
