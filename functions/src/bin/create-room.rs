//! The Lambda function `create-room`: the routes of `create_room` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{create_room, lambda};
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(create_room::routes(), &[ROOMS, MEMBERSHIPS, HISTORY, LOG])
}
