//! The Lambda function `list-rooms`: the routes of `list_rooms` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_rooms};
use roomtone_shared::store::fleet::function::{HISTORY, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(list_rooms::routes(), &[ROOMS, MEMBERSHIPS, HISTORY])
}
