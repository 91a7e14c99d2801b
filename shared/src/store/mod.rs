//! The seams: what the operations need kept, one file for each.
//!
//! A store knows the domain and no operation. Each seam has an embedded form, all of them in one folder on
//! disk ([`embedded`]); a form on a real part passes the same conformance suite.

use std::sync::Arc;

#[cfg(feature = "fleet")]
mod dynamodb;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "fleet")]
pub mod fleet;
mod history;
#[cfg(feature = "fleet")]
mod kafka;
mod log;
mod memberships;
#[cfg(feature = "fleet")]
mod mongodb;
mod presence;
#[cfg(feature = "fleet")]
mod recorder;
#[cfg(feature = "fleet")]
mod redis;
mod rooms;
#[cfg(feature = "fleet")]
mod unconnected;

pub use history::{Archived, History, Summary};
pub use log::{Appended, Appending, Batch, Begin, Following, Log, Records, Sink};
pub use memberships::{Changed, Memberships, Told};
pub use presence::Presence;
pub use rooms::{Created, RoomCursor, Rooms, Which};

#[cfg(any(feature = "embedded", feature = "fleet"))]
use crate::error::Error;

/// All the stores there are. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    /// Rooms with their playlists.
    pub rooms: Arc<dyn Rooms>,
    /// Memberships with the rule of four rooms, and marks.
    pub memberships: Arc<dyn Memberships>,
    /// Messages, and what lists need of them.
    pub history: Arc<dyn History>,
    /// Who is on.
    pub presence: Arc<dyn Presence>,
    /// The one order of everything.
    pub log: Arc<dyn Log>,
}

/// The error of a store that fails: what it said is logged here and told to nobody.
#[cfg(any(feature = "embedded", feature = "fleet"))]
pub(crate) fn failed(store: &'static str, why: &dyn std::fmt::Display) -> Error {
    tracing::error!(store, %why, "a store failed");
    Error::Unavailable(store)
}
