//! What every part of Roomtone shares: the domain, the operations that have a rule, and the stores.
//!
//! Imports run one way: `rooms` → `store`, `search` → `domain` → `error`, `limits`.

pub mod auth;
pub mod clock;
pub mod config;
pub mod crash;
pub mod domain;
pub mod error;
pub mod limits;
pub mod logs;
pub mod outbound;
pub mod rooms;
pub mod search;
pub mod store;
pub mod traces;
