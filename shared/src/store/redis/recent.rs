//! The newest messages of rooms, for pages that need not ask history. No page from here ever has a hole.
//!
//! Per part of the log there is a *generation*, the hash `{epoch, start, covered, fresh}`: every message of the part
//! whose offset lies in `[start, covered)` was put in. A recorder puts in what it recorded from one offset to
//! another, in one script (`lua/apply.lua`):
//!
//! - what is covered already changes nothing, nor does what is of an older epoch;
//! - what begins at or before `covered` carries the generation on: `covered` moves, `start` stays;
//! - what begins behind it, because something was not put in, begins a new generation: `start` moves there too.
//!
//! Per room there is a sorted set of ids with their messages, of which the script keeps the newest
//! [`KEPT`].
//!
//! A page is taken from here only if the generation is fresh, if the page lies in `[start, covered)`, and if it is
//! full. Why it has no hole: say a message `m` of the room is missing, newer than the page's oldest message `o` and
//! not newer than the page. It lies in `[start, covered)`, so it was put in, and it left the set
//!
//! - by trimming: only what is older than all that stay is trimmed, and from then on the set is full, so what is
//!   older than all in it is trimmed by the script that puts it in. So `m` is older than `o`; or else
//! - with all of the set (expired, evicted, lost). What is in the set came after that, by runs of the script of which
//!   each began at or before what was covered and ended behind it. Together they put in one piece without a gap,
//!   up to `covered`. `o` is in that piece and older than `m`, so `m` is in it too.
//!
//! Neither can be. Where Redis loses its newest changes but keeps older ones, it keeps hash and sets as they were
//! together at one time, for which the same holds; `covered` is lower then, and the next batch begins anew.
//!
//! *Fresh* means that a recorder said less than [`FRESH_MS`] ago that nothing is
//! missing behind `covered`. So the newest page may be that much behind where a recorder cannot reach Redis, and
//! no more. Who cannot reach it either asks history, and goes on to do so for as long: what they saw there is not
//! gone the next moment. A page before a message that is not covered yet is left to history.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::Script;

use super::breaker::Wait;
use super::client::Redis;
use crate::domain::event::Partition;
use crate::domain::message::{ID_CHARS, MessageId};
use crate::domain::room::RoomId;
use crate::limits;
use crate::store::Archived;

static BEFORE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/before.lua")));

/// Messages that a room keeps.
pub(super) const KEPT: usize = 400;
/// Milliseconds for which a recorder's word counts that nothing is missing behind what is covered.
pub(super) const FRESH_MS: u64 = 2_000;

/// The newest messages of rooms, to read. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Recent {
    redis: Redis,
    /// When Redis last did not answer.
    away: Arc<Mutex<Option<Instant>>>,
}

impl Recent {
    /// Those in this Redis.
    pub(in crate::store) fn new(redis: Redis) -> Self {
        Self {
            redis,
            away: Arc::default(),
        }
    }

    /// Messages before `before` (from the newest where that is `None`), newest first: `size` of them, or fewer
    /// where they reach the byte limit of a page. None where history has to be asked.
    pub(in crate::store) async fn before(
        &self,
        room: RoomId,
        partition: Partition,
        epoch: u16,
        before: Option<MessageId>,
        size: usize,
    ) -> Option<Vec<Archived>> {
        let other_epoch = before.is_some_and(|id| id.epoch != epoch);
        if size == 0 || size > KEPT || other_epoch || (before.is_none() && self.was_away()) {
            return None;
        }
        let mut asked = BEFORE.prepare_invoke();
        asked.key(generation_key(&self.redis, partition));
        asked.key(room_key(&self.redis, partition, room));
        asked.arg(epoch).arg(size);
        if let Some(id) = before {
            asked.arg(id.offset).arg(id.index).arg(id.to_string());
        }
        let rows: Result<Option<Vec<Vec<u8>>>, _> = self.redis.run(Wait::Brief, &asked).await;
        if rows.is_err() {
            *self.away() = Some(Instant::now());
        }
        page(&rows.ok()??)
    }

    /// Whether Redis did not answer a moment ago: what it has may be from before that, and count as fresh still.
    fn was_away(&self) -> bool {
        self.away()
            .is_some_and(|at| at.elapsed() <= Duration::from_millis(FRESH_MS))
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a page, up to its byte limit. None where a row has not the form that this version writes.
fn page(rows: &[Vec<u8>]) -> Option<Vec<Archived>> {
    let (mut page, mut bytes) = (Vec::with_capacity(rows.len()), 0);
    for row in rows {
        let json = row.get(ID_CHARS..)?;
        bytes += json.len();
        if bytes > limits::PAGE_BYTES_MAX && !page.is_empty() {
            break;
        }
        page.push(serde_json::from_slice(json).ok()?);
    }
    Some(page)
}

/// The key of a part's generation. One hash tag for all of a part: scripts need these together.
pub(super) fn generation_key(redis: &Redis, partition: Partition) -> String {
    redis.key(format_args!("recent:{{{}}}", partition.0))
}

/// The key of a room's messages.
pub(super) fn room_key(redis: &Redis, partition: Partition, room: RoomId) -> String {
    redis.key(format_args!("recent:{{{}}}:{room}", partition.0))
}

#[cfg(test)]
mod tests {
    use super::super::tests::given::archived;
    use super::*;

    fn row(archived: &Archived) -> Vec<u8> {
        let id = archived.message.id.to_string();
        [id.into_bytes(), serde_json::to_vec(archived).unwrap()].concat()
    }

    #[test]
    fn a_page_ends_at_its_byte_limit_and_never_before_one_message() {
        let room = RoomId::new();
        let of_bytes = |n: u64, bytes: usize| row(&archived(room, 1, n, &"x".repeat(bytes)));
        let half = limits::PAGE_BYTES_MAX / 2 - 1_000;
        let rows: Vec<_> = [3, 2, 1].map(|n| of_bytes(n, half)).into();
        let offsets = |page: Vec<Archived>| -> Vec<u64> {
            page.iter().map(|a| a.message.id.offset).collect()
        };
        assert_eq!(page(&rows).map(offsets), Some(vec![3, 2]));
        let rows: Vec<_> = [2, 1]
            .map(|n| of_bytes(n, 2 * limits::PAGE_BYTES_MAX))
            .into();
        assert_eq!(page(&rows).map(offsets), Some(vec![2]));
    }

    #[test]
    fn a_row_of_another_form_leaves_the_page_to_history() {
        let good = row(&archived(RoomId::new(), 1, 2, "hi"));
        assert_eq!(
            page(std::slice::from_ref(&good)).map(|page| page.len()),
            Some(1)
        );
        let (short, other) = (b"0001".to_vec(), [&good[..ID_CHARS], b"{}"].concat());
        for bad in [short, other] {
            assert_eq!(page(&[good.clone(), bad]), None);
        }
    }
}
