//! The Lambda function `list-joined`: the routes of `list_joined` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_joined};
use roomtone_shared::store::fleet::function::{HISTORY, MEMBERSHIPS, PRESENCE, ROOMS};

fn main() -> ExitCode {
    lambda::run(
        list_joined::routes(),
        &[ROOMS, MEMBERSHIPS, HISTORY, PRESENCE],
    )
}
