//! What people do, so far as load comes of it. All of it is assumed; change it here, and write the page again.

use super::text::{figure, percent};

/// Hours of a month, as bills are counted.
pub(super) const HOURS: f64 = 730.0;
/// Seconds of it.
pub(super) const MONTH_S: f64 = HOURS * 3_600.0;
/// Gigabytes of a month for each byte a second.
pub(super) const GB_A_MONTH: f64 = MONTH_S / 1e9;

/// So many people who are online, and what they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct People {
    /// People with one socket each.
    pub(super) online: f64,
    /// The exponent of the rooms' sizes: the share of rooms larger than x falls as x to the minus this.
    pub(super) tail: f64,
    /// Listeners of the smallest room.
    pub(super) room_min: f64,
    /// Listeners of the largest room, and the share of all people that no room exceeds.
    pub(super) room_max: (f64, f64),
    /// Share of people who have a second room open by the same socket.
    pub(super) second_room: f64,
    /// Share of listeners who talk.
    pub(super) talkers: f64,
    /// Messages a minute of one who talks.
    pub(super) messages_per_min: f64,
    /// Messages a second of one room beyond which people stop writing, for nobody could read it.
    pub(super) room_messages_per_s_max: f64,
    /// Minutes for which a room stays open.
    pub(super) stay_min: f64,
    /// Share of opens that are first joins. As many memberships end.
    pub(super) first_joins: f64,
    /// Share of first joins that end the oldest of four memberships.
    pub(super) evictions: f64,
    /// Times that the lists are looked at, for each open of a room: joined rooms, and a page of others.
    pub(super) lists: (f64, f64),
    /// Pages of older history, for each open of a room, and the share of them that Redis has.
    pub(super) history: (f64, f64),
    /// Listeners of the largest room whose presence is watched, by all in it.
    pub(super) watched_max: f64,
    /// Members for each listener: of four rooms one is open, and most members are not online.
    pub(super) members_per_listener: f64,
}

impl People {
    pub(super) fn online(online: f64) -> Self {
        Self {
            online,
            tail: 1.3,
            room_min: 2.0,
            room_max: (100_000.0, 0.05),
            second_room: 0.1,
            talkers: 0.1,
            messages_per_min: 2.0,
            room_messages_per_s_max: 5.0,
            stay_min: 20.0,
            first_joins: 0.05,
            evictions: 0.8,
            lists: (1.0, 0.5),
            history: (1.0, 0.8),
            watched_max: 100.0,
            members_per_listener: 10.0,
        }
    }

    /// Listeners of all rooms together.
    pub(super) fn listeners(&self) -> f64 {
        self.online * (1.0 + self.second_room)
    }

    /// Listeners of the largest room.
    pub(super) fn largest(&self) -> f64 {
        self.room_max.0.min(self.online * self.room_max.1)
    }

    /// Messages a second of a room with so many listeners.
    pub(super) fn messages_per_s(&self, listeners: f64) -> f64 {
        let wanted = listeners * self.talkers * self.messages_per_min / 60.0;
        wanted.min(self.room_messages_per_s_max)
    }

    /// Opens of a room a second, by one listener.
    pub(super) fn opens_per_s(&self) -> f64 {
        1.0 / (self.stay_min * 60.0)
    }

    /// What is assumed, as rows for the page.
    pub(super) fn told(&self) -> Vec<Vec<String>> {
        let row = |what: &str, value: String| vec![what.to_owned(), value];
        vec![
            row("sockets of a person who is online", "1".into()),
            row(
                "sizes of rooms (listeners)",
                format!(
                    "Pareto with exponent {}, from {} up; at most {} and {} of all",
                    self.tail,
                    self.room_min,
                    figure(self.room_max.0),
                    percent(self.room_max.1)
                ),
            ),
            row(
                "people with a second room open by the same socket",
                percent(self.second_room),
            ),
            row(
                "listeners who talk, and messages a minute of each",
                format!("{}, {}", percent(self.talkers), self.messages_per_min),
            ),
            row(
                "messages a second of a room, beyond which people stop writing",
                self.room_messages_per_s_max.to_string(),
            ),
            row(
                "minutes for which a room stays open",
                self.stay_min.to_string(),
            ),
            row(
                "opens that are first joins; as many memberships end",
                percent(self.first_joins),
            ),
            row(
                "first joins that end the oldest of four memberships",
                percent(self.evictions),
            ),
            row(
                "looks at joined rooms, and at a page of others, for each open",
                format!("{}, {}", self.lists.0, self.lists.1),
            ),
            row(
                "pages of older history for each open, and how many of them Redis has",
                format!("{}, {}", self.history.0, percent(self.history.1)),
            ),
            row(
                "presence is watched, by all in the room, up to",
                format!("{} listeners", self.watched_max),
            ),
            row(
                "members for each listener (one of four rooms is open, most members are offline)",
                self.members_per_listener.to_string(),
            ),
        ]
    }
}
