//! The Lambda function `list-users`: the routes of `list_users` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_users};
use roomtone_shared::store::fleet::function::{MEMBERSHIPS, PRESENCE, ROOMS};

fn main() -> ExitCode {
    lambda::run(list_users::routes(), &[ROOMS, MEMBERSHIPS, PRESENCE])
}
