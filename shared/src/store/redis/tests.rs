//! What is here against a real Redis: `REDIS_URL` says where it is, and every test has keys of its own.

mod away;
pub(super) mod given;
mod presence;
mod rate;
mod recent;
