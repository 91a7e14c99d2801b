//! The domain: plain values and pure functions.
//!
//! Nothing here knows HTTP, STOMP, Kafka, a database or a clock other than the time it is given.

pub mod event;
pub mod json;
pub mod judge;
pub mod membership;
pub mod message;
mod partition;
pub mod playlist;
pub mod presence;
pub mod rate;
pub mod room;
pub mod text;
pub mod time;
pub mod trace;
pub mod user;
