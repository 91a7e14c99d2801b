//! Records of messages, drawn: as long as the measured ones, by many senders in many rooms. Each message has an id of its own, so
//! whoever judges them remembers all.

use roomtone_shared::domain::event::{Event, Fact};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;

use super::chance::Chance;
use super::sizes;
use crate::Failure;

const ROOMS: usize = 5_000;
const SENDERS: usize = 40_000;

/// Records without end.
pub(crate) struct Records {
    chance: Chance,
    rooms: Vec<RoomId>,
    drawn: u64,
}

impl Records {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        Self {
            rooms: (0..ROOMS).map(|_| chance.room()).collect(),
            chance,
            drawn: 0,
        }
    }

    /// The next one's room, and what is written of it.
    pub(crate) fn draw(&mut self) -> Result<(RoomId, Vec<u8>), Failure> {
        let mut said = sizes::said(&sizes::profile()?);
        said.sender.uid = Uid::parse("uid", &format!("{:010}", self.chance.below(SENDERS)))?;
        for line in &mut said.lines {
            line.client_message_id = Some(format!("{:036}", self.drawn).into());
        }
        self.drawn += 1;
        let room = self.rooms[self.chance.below(ROOMS)];
        let value = serde_json::to_vec(&Fact::In(room, Event::Said(said)))?;
        Ok((room, value))
    }
}
