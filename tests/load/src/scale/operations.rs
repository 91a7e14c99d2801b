//! What each operation reads and writes on the real parts, counted in the code: `shared/src/rooms/`, `store/dynamodb/`,
//! `store/redis/`, `store/recorder/`, `functions/src/`, `socket-node/src/session/`.

use roomtone_shared::limits;

use super::sizes::Sizes;
use super::units::Units;

/// Rooms in a list of joined ones, and in a page of others.
const JOINED: f64 = limits::ROOMS_PER_USER as f64;
const OTHERS: f64 = limits::PAGE_SIZE as f64;
/// Messages of a page of older history and one more, as the page asks for them.
const OLDER: f64 = limits::PAGE_SIZE_MAX as f64 + 1.0;
/// Messages that were missed, of which one who comes back reads a page.
const MISSED: f64 = 20.0;
/// Members that one call to the index by room asks for where presence is loaded.
const LOADED_AT_ONCE: f64 = 1_000.0;
/// Times that a settled membership is tried in vain by the one of two who comes second: mark, mark, pending.
const SETTLED_IN_VAIN: f64 = 3.0;

/// Counts what operations ask for.
pub(super) struct Operations<'s> {
    pub(super) sizes: &'s Sizes,
    /// Share of pages of messages that Redis has.
    pub(super) in_redis: f64,
}

impl Operations<'_> {
    fn write(bytes: f64) -> f64 {
        (bytes / 1_024.0).ceil()
    }

    fn query(bytes: f64) -> f64 {
        (bytes / 4_096.0).ceil()
    }

    fn membership(&self) -> f64 {
        Self::write(self.sizes.membership.1)
    }

    /// A message over a socket: its record, and what the recorder writes: its row, its sender's count, the room's sum.
    pub(super) fn say(&self) -> Units {
        let sizes = self.sizes;
        let rows = Self::write(sizes.message_row)
            + Self::write(sizes.own_row)
            + Self::write(sizes.summary_row);
        // In Redis: away with another form of it, in, the oldest out, and how long the room's set stays.
        Units {
            records: 1.0,
            writes: rows,
            redis: 4.0,
            ..Units::default()
        }
    }

    /// An ENTER or EXIT that the recorder writes.
    fn notice(&self) -> Units {
        let said = self.say();
        Units {
            writes: said.writes - Self::write(self.sizes.own_row),
            ..said
        }
    }

    /// A room as it is shown: a page of an index and the room's sum.
    fn view(&self, members: f64) -> Units {
        let shown = members.min(limits::ROOM_USERS_SHOWN as f64);
        let page = Self::query(shown * self.sizes.membership.0) / 2.0;
        Units {
            reads: page + 1.0,
            ..Units::default()
        }
    }

    /// Whether one user is on: leases, holds, and the membership.
    fn presence(&self) -> Units {
        Units {
            reads: 1.0,
            redis: 3.0,
            leases: 1.0,
            ..Units::default()
        }
    }

    /// A page of messages before one.
    fn older(&self) -> Units {
        let missed = (1.0 + Self::query(OLDER * self.sizes.message_row)) * (1.0 - self.in_redis);
        Units {
            reads: missed,
            redis: 4.0,
            ..Units::default()
        }
    }

    /// A first socket that comes into a room, or a last one that goes: twice in Redis, once in the log.
    fn hold(&self) -> Units {
        Units {
            records: 1.0,
            redis: 2.0,
            ..Units::default()
        }
    }

    /// The join of somebody who is a member, and the room as the answer shows it.
    pub(super) fn come_back(&self, members: f64) -> Units {
        let read = Units {
            reads: 2.0,
            mongo: 1.0,
            ..Units::default()
        };
        read + self.hold() + self.view(members)
    }

    /// What a change of a membership is, whatever it is: a transaction with the user's item, both indexes, the room for
    /// what is playing, the event, and the pending one settled by two.
    fn change(&self) -> Units {
        let membership = self.membership();
        let transaction = 2.0 * (Self::write(self.sizes.user) + membership) + 2.0 * membership;
        let settled = membership * (1.0 + SETTLED_IN_VAIN) + 2.0 * membership;
        let told = Units {
            reads: 1.0,
            mongo: 1.0,
            writes: transaction + settled,
            ..Units::default()
        };
        told + self.notice()
    }

    /// What a first join is over coming back.
    pub(super) fn first_join(&self, members: f64) -> Units {
        self.come_back(members) + self.change()
    }

    /// The end of a membership, by its own exit.
    pub(super) fn exit(&self) -> Units {
        // Somebody who is no member any more has no mark to move, so the settling takes two tries more.
        let vain = self.membership() * (SETTLED_IN_VAIN - 1.0) - self.membership();
        self.change()
            + Units {
                reads: 2.0,
                writes: vain,
                ..Units::default()
            }
    }

    /// The same by a fifth room: in the same transaction as that join.
    pub(super) fn eviction(&self) -> Units {
        let user = 2.0 * Self::write(self.sizes.user);
        let exit = self.exit();
        Units {
            reads: exit.reads - 1.0,
            writes: exit.writes - user,
            ..exit
        }
    }

    /// What a client reads to show a room: the re-entry, and the two memberships that its SUBSCRIBEs look at.
    pub(super) fn reentry(&self, members: f64) -> Units {
        let missed = 2.0 + Self::query(MISSED * self.sizes.message_row) + 1.0;
        let unread = 4.0;
        let read = Units {
            reads: 1.0 + missed + unread + 2.0,
            mongo: 1.0,
            http: 1.0,
            ..Units::default()
        };
        read + self.older() + self.view(members) + self.presence()
    }

    /// A room whose presence a node begins to watch: all holds, and all members by the index.
    pub(super) fn watch(&self, members: f64) -> Units {
        let pages = (members / LOADED_AT_ONCE).ceil().max(1.0);
        let read = Self::query(members * self.sizes.membership.0).max(pages) / 2.0;
        Units {
            reads: read,
            redis: 3.0 * pages,
            leases: pages,
            ..Units::default()
        }
    }

    /// Somebody leaves a room, and stays a member: the mark is looked at and moved, and the hold given up.
    pub(super) fn leave(&self) -> Units {
        let moved = 2.0 * Self::write(self.sizes.membership.0);
        Units {
            reads: 2.0,
            writes: moved,
            ..Units::default()
        } + self.hold()
    }

    /// The list of a user's own rooms.
    pub(super) fn joined(&self, members: f64) -> Units {
        let each = Units {
            reads: 1.0 + 1.0 + 4.0,
            mongo: 1.0,
            ..Units::default()
        };
        let each = each + self.view(members) + self.presence();
        each * JOINED
            + Units {
                reads: 1.0,
                http: 1.0,
                ..Units::default()
            }
    }

    /// A page of rooms to join.
    pub(super) fn others(&self, members: f64) -> Units {
        self.view(members) * OTHERS
            + Units {
                reads: 1.0,
                mongo: 1.0,
                http: 1.0,
                ..Units::default()
            }
    }

    /// A page of older history.
    pub(super) fn history(&self) -> Units {
        self.older()
            + Units {
                reads: 1.0,
                http: 1.0,
                ..Units::default()
            }
    }

    /// A batch of the recorder's: how far its partition is recorded, and the generation in Redis.
    pub(super) fn batch(&self) -> Units {
        Units {
            writes: 1.0,
            redis: 5.0,
            ..Units::default()
        }
    }

    /// A second of a partition: twice its recorder says that nothing is missing.
    pub(super) fn partition(&self) -> Units {
        Units {
            redis: 10.0,
            ..Units::default()
        }
    }

    /// A second of a node: every third it renews its lease and looks at the others'.
    pub(super) fn node(&self) -> Units {
        Units {
            redis: 3.0,
            leases: 1.0 / 3.0,
            ..Units::default()
        }
    }

    /// The operations for the page, with rooms of a hundred members and more.
    pub(super) fn told(&self) -> Vec<(&'static str, Units)> {
        let members = limits::ROOM_USERS_SHOWN as f64;
        vec![
            ("a message over a socket, recorded", self.say()),
            (
                "join by a member, with the room in the answer",
                self.come_back(members),
            ),
            ("first join, with its ENTER", self.first_join(members)),
            (
                "the oldest of four memberships ended by it, with its EXIT",
                self.eviction(),
            ),
            ("exit, with its EXIT", self.exit()),
            (
                "re-entry over HTTP, and SUBSCRIBE to room and presence",
                self.reentry(members),
            ),
            (
                "a node begins to watch a room of 100 members",
                self.watch(members),
            ),
            ("leave, or a socket that closes", self.leave()),
            ("list of joined rooms, four of them", self.joined(members)),
            ("page of 12 other rooms", self.others(members)),
            ("page of older history", self.history()),
            ("each batch of a partition's recorder", self.batch()),
            ("each partition, a second", self.partition()),
            ("each node, a second", self.node()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_code_does_is_what_is_counted() {
        let sizes = Sizes::new().unwrap();
        let operations = Operations {
            sizes: &sizes,
            in_redis: 1.0,
        };
        let (say, back) = (operations.say(), operations.come_back(8.0));
        assert_eq!((say.records, say.writes, say.reads), (1.0, 3.0, 0.0));
        assert_eq!((back.records, back.writes, back.mongo), (1.0, 0.0, 1.0));
        // The user's item and the membership, twice each, and two indexes; settled in one of four tries, and two indexes;
        // the ENTER and the room's sum.
        assert_eq!(
            operations.first_join(8.0).writes,
            4.0 + 2.0 + 4.0 + 2.0 + 2.0
        );
        assert_eq!(operations.first_join(8.0).records, 2.0);
    }
}
