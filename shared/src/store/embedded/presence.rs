//! Presence on redb.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::rows::{self, Fault};
use super::settled::Settled;
use super::snapshot::Reader;
use super::tables;
use crate::domain::event::NodeId;
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::store::{Presence, failed};

/// Presence on redb.
pub(super) struct EmbeddedPresence {
    reader: Reader,
    settled: Settled,
    /// Nodes of this process.
    living: Mutex<HashSet<NodeId>>,
}

impl EmbeddedPresence {
    pub(super) fn new(reader: Reader, settled: Settled) -> Self {
        Self {
            reader,
            settled,
            living: Mutex::default(),
        }
    }

    fn living(&self) -> MutexGuard<'_, HashSet<NodeId>> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, room: RoomId, uid: &Uid) -> Result<Standing, Fault> {
        let table = self.reader.newest()?.table(tables::STANDINGS)?;
        Ok(rows::get(&table, (room.to_bytes(), uid.as_str()))?.unwrap_or_default())
    }

    fn read_room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>), Fault> {
        let newest = self.reader.newest()?;
        let through = newest.recorded()?.through;
        let room = room.to_bytes();
        let mut standings = vec![];
        for row in newest.table(tables::STANDINGS)?.range((room, "")..)? {
            let (key, value) = row?;
            let (of, uid) = key.value();
            if of != room {
                break;
            }
            let Ok(uid) = Uid::parse("uid", uid) else {
                continue;
            };
            standings.push((uid, rows::read(value.value())?));
        }
        Ok((through, standings))
    }

    fn read_nodes(&self) -> Result<Vec<NodeId>, Fault> {
        let table = self.reader.newest()?.table(tables::HOLDERS)?;
        let (mut nodes, mut from) = (vec![], 0);
        while let Some(row) = table.range((from, [0; 16], "")..)?.next() {
            let node = row?.0.value().0;
            nodes.push(NodeId(node));
            let Some(next) = node.checked_add(1) else {
                break;
            };
            from = next;
        }
        Ok(nodes)
    }
}

#[async_trait]
impl Presence for EmbeddedPresence {
    async fn of(&self, room: RoomId, uid: &Uid) -> Result<Standing> {
        self.settled.wait().await?;
        self.read(room, uid).map_err(|why| failed("presence", &why))
    }

    async fn room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)> {
        self.settled.wait().await?;
        self.read_room(room).map_err(|why| failed("presence", &why))
    }

    /// The log itself says who holds what.
    async fn hold(&self, _: NodeId, _: RoomId, _: &Uid, _: bool) -> Result<()> {
        Ok(())
    }

    /// The file is one process's, so whoever says so lives as long as the process. One that is new to it may
    /// have been taken for gone by the log.
    async fn renew(&self, node: NodeId) -> Result<bool> {
        Ok(self.living().insert(node))
    }

    async fn lost(&self) -> Result<Vec<NodeId>> {
        self.settled.wait().await?;
        let mut nodes = self.read_nodes().map_err(|why| failed("presence", &why))?;
        let living = self.living();
        nodes.retain(|node| !living.contains(node));
        Ok(nodes)
    }

    async fn forget(&self, node: NodeId) -> Result<()> {
        self.living().remove(&node);
        Ok(())
    }
}
