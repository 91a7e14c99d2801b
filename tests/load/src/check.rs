//! Whether every listener of a room hears every message once and in one order, checked while it is counted.
//!
//! A server sends the same bytes to all listeners who call their subscription the same. So a message is taken apart for the
//! first who hears it, and compared for all others; where a server has something of each listener's own in it, it is taken
//! apart for each.

use std::collections::VecDeque;

use crate::connection::{Frame, Place};
use crate::protocol::Said;

/// A message on its way to its listeners.
struct Known {
    bytes: Vec<u8>,
    said: Said,
    heard: usize,
}

/// A room as it is heard.
pub(crate) struct Room {
    listeners: usize,
    /// Messages sent.
    pub(crate) sent: u64,
    /// Messages that all listeners have.
    pub(crate) complete: u64,
    /// Those that some have, beginning with number `complete`.
    known: VecDeque<Known>,
}

/// What went wrong, and what was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Deliveries.
    pub(crate) deliveries: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Deliveries that were passed over.
    pub(crate) lost: u64,
    /// Deliveries that came a second time, or too late.
    pub(crate) again: u64,
    /// Refusals that talkers got.
    pub(crate) refused: u64,
}

impl Room {
    pub(crate) fn new(listeners: usize) -> Self {
        Self {
            listeners,
            sent: 0,
            complete: 0,
            known: VecDeque::new(),
        }
    }

    /// Takes a frame of one listener's; gives what the message says of itself, if it is one.
    pub(crate) fn hear(
        &mut self,
        place: &mut Place,
        frame: &Frame<'_>,
        tally: &mut Tally,
    ) -> Option<Said> {
        let at = usize::try_from(place.next - self.complete).ok()?;
        let same = |known: &Known| known.bytes == frame.bytes;
        let said = match self.known.get(at).filter(|known| same(known)) {
            Some(known) => known.said,
            None => self.read(place, frame, tally)?,
        };
        place.next = said.number + 1;
        tally.deliveries += 1;
        tally.bytes += frame.bytes.len() as u64;
        if let Some(at) = said.number.checked_sub(self.complete)
            && let Some(known) = usize::try_from(at)
                .ok()
                .and_then(|at| self.known.get_mut(at))
        {
            known.heard += 1;
        }
        while self
            .known
            .front()
            .is_some_and(|known| known.heard >= self.listeners)
        {
            self.known.pop_front();
            self.complete += 1;
        }
        Some(said)
    }

    /// Takes a message apart, and compares its number with the one that is due.
    fn read(&mut self, place: &Place, frame: &Frame<'_>, tally: &mut Tally) -> Option<Said> {
        let said = Said::read(frame.payload)?;
        if said.number < place.next {
            tally.again += 1;
            return None;
        }
        tally.lost += said.number - place.next;
        let at = usize::try_from(said.number.checked_sub(self.complete)?).ok()?;
        // Whoever hears first what others were to hear first has passed it over.
        while self.known.len() <= at {
            let number = self.complete + self.known.len() as u64;
            self.known.push_back(Known {
                bytes: frame.bytes.to_vec(),
                said: Said { number, ..said },
                heard: 0,
            });
        }
        Some(said)
    }

    /// Deliveries that are still to come.
    pub(crate) fn outstanding(&self) -> u64 {
        let heard: usize = self.known.iter().map(|known| known.heard).sum();
        (self.sent - self.complete) * self.listeners as u64 - heard as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(room: &mut Room, place: &mut Place, number: u64, tally: &mut Tally) -> bool {
        let said = Said {
            number,
            meant_ns: 5,
        };
        let text = format!("MESSAGE\n\n{{\"content\":\"{}\"}}\0", said.text(30));
        let frame = Frame {
            bytes: text.as_bytes(),
            payload: text.as_bytes(),
        };
        room.hear(place, &frame, tally).is_some()
    }

    fn place() -> Place {
        Place {
            room: 0,
            listens: true,
            next: 0,
        }
    }

    #[test]
    fn what_all_have_heard_in_order_is_complete() {
        let (mut room, mut tally) = (Room::new(2), Tally::default());
        let (mut one, mut other) = (place(), place());
        room.sent = 3;
        for number in 0..3 {
            assert!(deliver(&mut room, &mut one, number, &mut tally));
        }
        assert_eq!((room.complete, room.outstanding()), (0, 3));
        for number in 0..3 {
            assert!(deliver(&mut room, &mut other, number, &mut tally));
        }
        assert_eq!((room.complete, room.outstanding()), (3, 0));
        assert_eq!((tally.deliveries, tally.lost, tally.again), (6, 0, 0));
    }

    #[test]
    fn a_loss_and_a_repeat_are_counted() {
        let (mut room, mut tally) = (Room::new(2), Tally::default());
        let (mut one, mut other) = (place(), place());
        room.sent = 3;
        for number in [0, 1, 1, 2] {
            deliver(&mut room, &mut one, number, &mut tally);
        }
        for number in [0, 2] {
            deliver(&mut room, &mut other, number, &mut tally);
        }
        assert_eq!((tally.deliveries, tally.lost, tally.again), (5, 1, 1));
        assert_eq!(room.outstanding(), 1);
    }
}
