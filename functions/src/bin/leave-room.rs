//! The Lambda function `leave-room`: the routes of `leave_room` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, leave_room};
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(leave_room::routes(), &[ROOMS, MEMBERSHIPS, HISTORY, LOG])
}
