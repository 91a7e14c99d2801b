//! The newest messages of rooms, as a recorder puts them in. The rules, and why they leave no hole: `recent`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use redis::Script;

use super::breaker::Wait;
use super::client::{Away, Redis};
use super::recent::{FRESH_MS, KEPT, generation_key, room_key};
use crate::domain::event::Partition;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;

/// Milliseconds between two such words, at most.
pub(in crate::store) const RENEWAL_MS: u64 = 500;
/// Seconds that keys stay which nobody writes to.
const STAY_S: u64 = 7 * 24 * 3_600;
/// Messages put in with one call, unless one record has more.
const MESSAGES_AT_ONCE: usize = 500;
/// Bytes put in with one call, unless one record has more.
const BYTES_AT_ONCE: usize = 1 << 20;

static APPLY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/apply.lua")));
static REFRESH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/refresh.lua")));

/// Messages of one room, each with its JSON.
pub(in crate::store) type RoomRows = (RoomId, Vec<(MessageId, Vec<u8>)>);

/// The newest messages of rooms, to write: one for each process that records.
pub(in crate::store) struct RecentWriter {
    redis: Redis,
    kept: usize,
    /// Up to where this process covered each part, in which epoch; none where it could not.
    covered: Mutex<HashMap<Partition, (u16, u64)>>,
}

/// A part of a batch that goes with one call: all that is shown in `[from, to)`.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'r> {
    from: u64,
    to: u64,
    messages: Vec<Row<'r>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row<'r> {
    id: MessageId,
    room: RoomId,
    json: &'r [u8],
}

impl RecentWriter {
    /// Puts into this Redis.
    pub(in crate::store) fn new(redis: Redis) -> Self {
        Self {
            redis,
            kept: KEPT,
            covered: Mutex::default(),
        }
    }

    /// The same with another number of messages that a room keeps.
    #[cfg(test)]
    pub(super) fn keeping(redis: Redis, kept: usize) -> Self {
        Self {
            kept,
            ..Self::new(redis)
        }
    }

    /// Puts in all that is shown in `[from, to)` of a part of the log, once it is durable in history; batches
    /// that show nothing too, for they move `covered`. False where Redis did not answer: the recorder goes on,
    /// and the next batch begins a new generation.
    pub(in crate::store) async fn apply(
        &self,
        partition: Partition,
        epoch: u16,
        from: u64,
        to: u64,
        rows: &[RoomRows],
    ) -> bool {
        // Until it is in, this process says nothing of how far the part is covered.
        self.covered().remove(&partition);
        for piece in pieces(from, to, rows) {
            if self.put(partition, epoch, &piece).await.is_err() {
                return false;
            }
        }
        self.covered().insert(partition, (epoch, to));
        true
    }

    /// Says that nothing came behind what this process covered last, for [`FRESH_MS`]. To be called every
    /// [`RENEWAL_MS`], and only while the recorder hears from the log: one that was cut off from it would have
    /// pages trusted that others go on from.
    pub(in crate::store) async fn renew(&self, partition: Partition) {
        let Some((epoch, covered)) = self.covered().get(&partition).copied() else {
            return;
        };
        let mut refresh = REFRESH.prepare_invoke();
        refresh.key(generation_key(&self.redis, partition));
        refresh.arg(epoch).arg(covered).arg(FRESH_MS).arg(STAY_S);
        // If it is not said, pages come from history.
        let _: Result<(), Away> = self.redis.run(Wait::Full, &refresh).await;
    }

    async fn put(&self, partition: Partition, epoch: u16, piece: &Piece<'_>) -> Result<(), Away> {
        let mut apply = APPLY.prepare_invoke();
        apply.key(generation_key(&self.redis, partition));
        apply.arg(epoch).arg(piece.from).arg(piece.to);
        apply.arg(FRESH_MS).arg(self.kept).arg(STAY_S);
        let mut numbers = HashMap::new();
        for row in &piece.messages {
            // The generation is the first key.
            let next = numbers.len() + 2;
            let number = *numbers.entry(row.room).or_insert_with(|| {
                apply.key(room_key(&self.redis, partition, row.room));
                next
            });
            apply.arg(number).arg(row.id.to_string()).arg(row.json);
        }
        self.redis.run(Wait::Full, &apply).await
    }

    fn covered(&self) -> MutexGuard<'_, HashMap<Partition, (u16, u64)>> {
        self.covered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Divides a batch between records, so that each piece is a whole batch itself.
fn pieces(from: u64, to: u64, rows: &[RoomRows]) -> Vec<Piece<'_>> {
    let mut all = vec![];
    for (room, rows) in rows {
        let room = *room;
        all.extend(rows.iter().map(|(id, json)| Row {
            id: *id,
            room,
            json,
        }));
    }
    all.sort_unstable_by_key(|row| row.id);
    let (mut pieces, mut bytes) = (vec![], 0);
    let mut piece = Piece {
        from,
        to,
        messages: vec![],
    };
    for row in all {
        let last = piece.messages.last().map(|last| last.id.offset);
        let full = piece.messages.len() >= MESSAGES_AT_ONCE || bytes >= BYTES_AT_ONCE;
        if full && last.is_some_and(|last| last < row.id.offset) {
            let next = Piece {
                from: row.id.offset,
                to,
                messages: vec![],
            };
            piece.to = row.id.offset;
            pieces.push(std::mem::replace(&mut piece, next));
            bytes = 0;
        }
        bytes += row.json.len();
        piece.messages.push(row);
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(offset: u64, index: u8) -> MessageId {
        MessageId {
            epoch: 1,
            offset,
            index,
        }
    }

    #[test]
    fn a_batch_is_divided_between_records_and_nothing_is_left_out() {
        let (one, two) = (RoomId::new(), RoomId::new());
        let per_record = 100_u8;
        let of = |room, offsets: [u64; 6], bytes: usize| -> RoomRows {
            let ids = offsets
                .into_iter()
                .flat_map(|offset| (0..per_record).map(move |index| id(offset, index)));
            (room, ids.map(|id| (id, vec![0; bytes])).collect())
        };
        let many = vec![5, 17, 26];
        let large = vec![5, 12, 13, 15, 16, 17, 18, 19, 20, 21, 26, 27];
        for (bytes, cuts) in [(1, many), (20_000, large)] {
            let rows = [
                of(one, [11, 13, 16, 18, 20, 26], bytes),
                of(two, [12, 15, 17, 19, 21, 27], bytes),
            ];
            let pieces = pieces(5, 30, &rows);
            let mut found = vec![];
            for (n, piece) in pieces.iter().enumerate() {
                let next = pieces.get(n + 1).map_or(30, |next| next.from);
                assert_eq!(piece.to, next);
                let within = |row: &Row<'_>| (piece.from..piece.to).contains(&row.id.offset);
                assert!(piece.messages.iter().all(within));
                found.extend(piece.messages.iter().map(|row| (row.room, row.id)));
            }
            let mut expected: Vec<_> = rows
                .iter()
                .flat_map(|(room, rows)| rows.iter().map(|(id, _)| (*room, *id)))
                .collect();
            expected.sort_unstable_by_key(|(_, id)| *id);
            assert_eq!(found, expected);
            let begins: Vec<_> = pieces.iter().map(|piece| piece.from).collect();
            assert_eq!(begins, cuts);
        }
    }

    #[test]
    fn a_batch_that_shows_nothing_is_one_piece() {
        let nothing = Piece {
            from: 3,
            to: 9,
            messages: vec![],
        };
        assert_eq!(pieces(3, 9, &[]), [nothing]);
    }
}
