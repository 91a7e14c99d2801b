//! Rooms, drawn by a seeded distribution with a heavy tail, and what happens in each.
//!
//! Sizes are drawn one from each of as many equal parts of the distribution as there are rooms, so that two draws differ
//! little in their sums. Where there are many rooms, only one of so many small ones is drawn, and stands for that many.

use super::chance::Chance;
use super::people::People;

/// How finely rooms are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    /// Listeners from which on a room is always drawn by itself.
    pub(super) large: f64,
    /// Smaller rooms drawn at most.
    pub(super) small_max: f64,
}

/// A room, or as many alike as its weight says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) listeners: u64,
    pub(super) weight: u64,
    /// Messages a second.
    pub(super) messages: f64,
    /// Opens a second, and as many ends of one.
    pub(super) opens: f64,
    /// First joins a second, and as many ends of a membership.
    pub(super) joins: f64,
    pub(super) watched: bool,
}

/// All rooms.
pub(super) struct Rooms {
    pub(super) people: People,
    pub(super) all: Vec<Room>,
}

impl Rooms {
    /// Draws the rooms of so many people.
    pub(super) fn draw(people: People, detail: Detail, chance: &mut Chance) -> Self {
        let tail = Tail {
            exponent: people.tail,
            min: people.room_min,
            max: people.largest() + 1.0,
        };
        let count = people.listeners() / tail.mean();
        let large = (count * tail.beyond(detail.large)).round();
        let small = count - large;
        let weight = (small / detail.small_max).ceil().max(1.0);
        let mut all = vec![];
        let split = 1.0 - tail.beyond(detail.large);
        for (from, to, drawn, weight) in [
            (0.0, split, (small / weight).round(), weight),
            (split, 1.0, large, 1.0),
        ] {
            for stratum in 0..drawn as u64 {
                let part = (stratum as f64 + chance.unit()) / drawn;
                let size = tail.size(from + (to - from) * part);
                all.push(Room::of(&people, size as u64, weight as u64));
            }
        }
        Self { people, all }
    }

    /// A sum over all rooms.
    pub(super) fn sum(&self, of: impl Fn(&Room) -> f64) -> f64 {
        self.all
            .iter()
            .map(|room| of(room) * room.weight as f64)
            .sum()
    }

    pub(super) fn count(&self) -> f64 {
        self.sum(|_| 1.0)
    }
}

impl Room {
    fn of(people: &People, listeners: u64, weight: u64) -> Self {
        let size = listeners as f64;
        let opens = size * people.opens_per_s();
        Self {
            listeners,
            weight,
            messages: people.messages_per_s(size),
            opens,
            joins: opens * people.first_joins,
            watched: size <= people.watched_max,
        }
    }

    /// Listeners, as a number to reckon with.
    pub(super) fn size(&self) -> f64 {
        self.listeners as f64
    }

    /// Records a second: messages, memberships that begin and end, first sockets that come and last ones that go.
    pub(super) fn records(&self) -> f64 {
        self.messages + 2.0 * self.joins + 2.0 * self.opens
    }

    /// What the room is shown a second: messages, ENTERs and EXITs.
    pub(super) fn shown(&self) -> f64 {
        self.messages + 2.0 * self.joins
    }

    /// Changes of presence a second that somebody is told of.
    pub(super) fn flips(&self) -> f64 {
        if self.watched { 2.0 * self.opens } else { 0.0 }
    }

    /// What each listener is sent a second.
    pub(super) fn heard(&self) -> f64 {
        self.shown() + self.flips()
    }

    /// Deliveries a second.
    pub(super) fn deliveries(&self) -> f64 {
        self.size() * self.heard()
    }
}

/// A Pareto distribution with two ends.
struct Tail {
    exponent: f64,
    min: f64,
    max: f64,
}

impl Tail {
    /// The share of rooms with more than `size` listeners.
    fn beyond(&self, size: f64) -> f64 {
        let power = |x: f64| (self.min / x).powf(self.exponent);
        ((power(size.min(self.max)) - power(self.max)) / (1.0 - power(self.max))).max(0.0)
    }

    /// The size at a place between 0, the smallest room, and 1, the largest.
    fn size(&self, place: f64) -> f64 {
        let last = (self.min / self.max).powf(self.exponent);
        let size = self.min * (1.0 - place * (1.0 - last)).powf(-1.0 / self.exponent);
        size.clamp(self.min, self.max - 1.0)
    }

    /// The mean of sizes, which are whole: the sum of the shares of rooms that have one more, and one more.
    fn mean(&self) -> f64 {
        (1..self.max as u64)
            .map(|size| self.beyond((size as f64).max(self.min)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETAIL: Detail = Detail {
        large: 64.0,
        small_max: 50_000.0,
    };

    fn draw(online: f64) -> Rooms {
        Rooms::draw(People::online(online), DETAIL, &mut Chance::new(7))
    }

    #[test]
    fn as_many_listen_as_there_are_people_and_few_rooms_have_many() {
        for online in [10_000.0, 300_000.0, 5_000_000.0] {
            let rooms = draw(online);
            let listeners = rooms.sum(Room::size);
            let ratio = listeners / rooms.people.listeners();
            assert!((0.93..1.07).contains(&ratio), "{online}: {ratio}");
            let in_large = rooms.sum(|room| {
                if room.listeners >= 64 {
                    room.size()
                } else {
                    0.0
                }
            });
            let large = rooms.sum(|room| f64::from(u8::from(room.listeners >= 64)));
            assert!(in_large / listeners > 0.2 && large / rooms.count() < 0.02);
            let largest = rooms.all.iter().map(|room| room.listeners).max().unwrap();
            assert!(largest as f64 <= rooms.people.largest());
        }
    }

    #[test]
    fn rooms_that_stand_for_many_come_to_what_all_of_them_would() {
        let people = People::online(1_000_000.0);
        let all = Detail {
            small_max: f64::INFINITY,
            ..DETAIL
        };
        let [some, all] =
            [DETAIL, all].map(|detail| Rooms::draw(people, detail, &mut Chance::new(1)));
        assert!(some.all.len() < all.all.len() / 2);
        for of in [Room::size, Room::records, Room::shown, |_: &Room| 1.0] {
            let ratio = some.sum(of) / all.sum(of);
            assert!((0.98..1.02).contains(&ratio), "{ratio}");
        }
    }
}
