//! The socket node: WebSockets that speak STOMP, what is said fanned out to them in the log's order.
//!
//! ```text
//! serve → upgrade → shard → session ─ frames, commands ─→ rooms::join …, log.append
//! log → reader (verdicts, presence) → ring → shard → lane (encoded once) → outbox → socket
//! ```
//!
//! `frame` and `ws` are pure. Nothing calls into a session but its lanes and `session::events`.

mod accounts;
mod addresses;
pub mod admin;
mod asyncapi;
mod counts;
mod ends;
mod entry;
pub mod frame;
mod head_wait;
mod holds;
mod latency;
mod lease;
mod marks;
mod metrics;
mod node;
mod outbox;
mod problem;
mod reader;
mod replay;
mod ring;
mod room_rates;
mod serve;
mod session;
mod settings;
mod shard;
pub mod shutdown;
#[cfg(feature = "simulation")]
mod simulation;
mod socket_node;
mod upgrade;
mod watched;
pub mod ws;

pub use asyncapi::asyncapi;
pub use metrics::{Recording, metrics_before_start};
pub use serve::serve;
pub use settings::SocketSettings;
pub use socket_node::{SocketNode, StartError};
pub use upgrade::routes;
