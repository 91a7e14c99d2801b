//! The Lambda function `reenter-room`: the routes of `reenter_room` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, reenter_room};
use roomtone_shared::store::fleet::function::{MEMBERSHIPS, PRESENCE, RECENT_HISTORY, ROOMS};

fn main() -> ExitCode {
    lambda::run(
        reenter_room::routes(),
        &[ROOMS, MEMBERSHIPS, RECENT_HISTORY, PRESENCE],
    )
}
