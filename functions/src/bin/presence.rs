//! The Lambda function `presence`: the routes of `presence` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, presence};
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, PRESENCE, ROOMS};

fn main() -> ExitCode {
    lambda::run(
        presence::routes(),
        &[ROOMS, MEMBERSHIPS, HISTORY, PRESENCE, LOG],
    )
}
