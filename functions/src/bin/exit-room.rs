//! The Lambda function `exit-room`: the routes of `exit_room` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{exit_room, lambda};
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(exit_room::routes(), &[ROOMS, MEMBERSHIPS, HISTORY, LOG])
}
