//! The Lambda function `get-room`: the routes of `get_room` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{get_room, lambda};
use roomtone_shared::store::fleet::function::{HISTORY, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(get_room::routes(), &[ROOMS, MEMBERSHIPS, HISTORY])
}
