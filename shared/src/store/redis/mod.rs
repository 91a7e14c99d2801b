//! What is hot, small and may be lost at any time, on Redis: who holds whom, which nodes live, the newest
//! messages of rooms, and rates.
//!
//! Nothing here is the only place of anything. Presence is said again by the nodes, messages are in history, and
//! a rate goes on by a bucket of the process's own. So Redis needs no disk; it should run with a
//! `maxmemory-policy` of the `volatile` kind, which leaves holds and leases alone, for only these have no expiry.
//!
//! Keys, below the prefix of the settings; those that one script or one answer needs together share a hash tag:
//!
//! | key | what |
//! |---|---|
//! | `{nodes}:leases` · `:terms` · `:claims` · `:gone` | which nodes live: `leases` |
//! | `holds:ROOM` · `held:NODE` | who has a socket where, by room and by node: `holds` |
//! | `recent:{PARTITION}` · `recent:{PARTITION}:ROOM` | the newest messages: `recent` |
//! | `rate:UID` | a bucket of tokens: `rate` |
//!
//! `holds` touches `holds:` and `held:` in one pipeline, and reads a room's holds with the leases. These are in
//! different slots of a cluster, and nothing rests on their changing together. The client speaks to one server
//! (with replicas behind it), not to a cluster; a client for clusters would find the scripts ready.

mod breaker;
mod client;
mod holds;
mod leases;
mod peers;
mod presence;
mod rate;
mod recent;
mod recent_writer;
#[cfg(test)]
mod tests;

pub use client::Away;
pub(in crate::store) use client::RedisSettings;
pub use rate::{Rates, Whose};

pub(in crate::store) use client::Redis;
pub(in crate::store) use presence::FleetPresence;
pub(in crate::store) use recent::Recent;
pub(in crate::store) use recent_writer::{RENEWAL_MS as RECENT_RENEWAL_MS, RecentWriter, RoomRows};
