//! Which rooms are live, told to MongoDB. Where that is away, the debt is kept in a row of its own until it is
//! paid: history need not wait for MongoDB, and nobody who takes the part over forgets it.

use std::collections::HashMap;

use super::Desk;
use crate::domain::event::Partition;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::error::Result;

/// What MongoDB was not told yet, of one part of the log.
pub(super) struct Lives {
    partition: Partition,
    debts: HashMap<RoomId, (bool, MessageId)>,
}

impl Lives {
    /// Finds what was left by whoever recorded the part before.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn open(desk: &Desk, partition: Partition) -> Result<Self> {
        let debts = desk.rows.debts(partition).await?;
        let debts = debts
            .into_iter()
            .map(|(room, live, through)| (room, (live, through)));
        Ok(Self {
            partition,
            debts: debts.collect(),
        })
    }

    /// Tells MongoDB, or keeps in mind that it has to be told.
    ///
    /// # Errors
    /// `Unavailable`, where neither can be done.
    pub(super) async fn note(
        &mut self,
        desk: &Desk,
        lives: Vec<(RoomId, bool, MessageId)>,
    ) -> Result<()> {
        for (room, live, through) in lives {
            // One failure shows that it is away; the others need not wait for that too.
            let told = self.debts.is_empty() && desk.rooms.live(room, live, through).await.is_ok();
            if !told {
                desk.rows
                    .put_debt(self.partition, room, live, through)
                    .await?;
                self.debts.insert(room, (live, through));
            }
        }
        Ok(())
    }

    /// Pays what can be paid.
    pub(super) async fn pay(&mut self, desk: &Desk) {
        let debts: Vec<_> = self
            .debts
            .iter()
            .map(|(room, debt)| (*room, *debt))
            .collect();
        for (room, (live, through)) in debts {
            if desk.rooms.live(room, live, through).await.is_err() {
                return;
            }
            // A debt that was paid and not struck off is paid again, which changes nothing.
            if desk.rows.strike_debt(self.partition, room).await.is_err() {
                return;
            }
            self.debts.remove(&room);
        }
    }
}
