//! Where the sums of rooms and senders stand: read where they are not known, remembered where they are.

use std::collections::HashMap;

use super::all;
use super::sheet::{Sender, Sheet};
use crate::domain::judge::Judged;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::error::{Error, Result};
use crate::store::dynamodb::{RoomSum, Rows};

/// Rooms and senders that are remembered; beyond, all are read anew.
const KNOWN_MAX: usize = 50_000;

/// The sums, as far as they are known.
pub(super) struct Sums {
    epoch: u16,
    rooms: HashMap<RoomId, RoomSum>,
    own: HashMap<Sender, u64>,
}

impl Sums {
    /// None known yet, in this epoch of the log.
    pub(super) fn new(epoch: u16) -> Self {
        Self {
            epoch,
            rooms: HashMap::new(),
            own: HashMap::new(),
        }
    }

    /// The sums that a batch is to change.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn open(&mut self, rows: &Rows, judged: &[Judged]) -> Result<Sheet> {
        if self.rooms.len() + self.own.len() > KNOWN_MAX {
            *self = Self::new(self.epoch);
        }
        let rooms = Sheet::rooms_of(judged).into_iter();
        let rooms = all(rooms.map(|room| self.room(rows, room)).collect());
        let own = Sheet::senders_of(judged).into_iter();
        let own = all(own
            .map(|(sender, first)| self.own(rows, sender, first))
            .collect());
        let (rooms, own) = tokio::try_join!(rooms, own)?;
        let (rooms, own) = (rooms.into_iter().collect(), own.into_iter().collect());
        Ok(Sheet::new(self.epoch, rooms, own))
    }

    /// Remembers a batch's sums, once they are written.
    pub(super) fn close(&mut self, sheet: Sheet) {
        let (rooms, own) = sheet.close();
        self.rooms.extend(rooms);
        self.own.extend(own);
    }

    async fn room(&self, rows: &Rows, room: RoomId) -> Result<(RoomId, RoomSum), Error> {
        let sum = match self.rooms.get(&room) {
            Some(sum) => sum.clone(),
            None => rows.sum(room).await?,
        };
        Ok((room, sum))
    }

    async fn own(
        &self,
        rows: &Rows,
        sender: Sender,
        first: MessageId,
    ) -> Result<(Sender, u64), Error> {
        let own = match self.own.get(&sender) {
            Some(own) => *own,
            None => rows.own_before(sender.0, &sender.1, first).await?,
        };
        Ok((sender, own))
    }
}
