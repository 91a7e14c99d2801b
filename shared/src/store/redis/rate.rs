//! How fast users may go, whichever process serves them: the bucket of `domain/rate.rs`, kept in Redis.

use std::sync::LazyLock;

use redis::Script;

use super::breaker::Wait;
use super::client::{Away, Redis};
use crate::domain::rate::Rate;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/take.lua")));

/// Whose bucket it is.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'w> {
    /// A user's.
    User(&'w Uid),
    /// A room's, of which all who talk in it take.
    Room(RoomId),
}

/// The buckets of all users and rooms. Cheap to clone.
#[derive(Clone)]
pub struct Rates(Redis);

impl Rates {
    /// The buckets in this Redis.
    pub(in crate::store) fn new(redis: Redis) -> Self {
        Self(redis)
    }

    /// Takes a token of a bucket. Where there is none: the seconds after which there is one, rounded up.
    ///
    /// # Errors
    /// Where Redis does not answer; then a bucket of the caller's own has to do.
    pub async fn take(&self, whose: Whose<'_>, rate: Rate) -> Result<Result<(), u64>, Away> {
        let mut take = TAKE.prepare_invoke();
        take.key(match whose {
            Whose::User(uid) => self.0.key(format_args!("rate:{uid}")),
            Whose::Room(room) => self.0.key(format_args!("room-rate:{room}")),
        });
        take.arg(rate.per_s.max(1)).arg(rate.burst.max(1));
        let wait_s: u64 = self.0.run(Wait::Brief, &take).await?;
        Ok(if wait_s == 0 { Ok(()) } else { Err(wait_s) })
    }
}
