//! The Lambda function `list-unjoined`: the routes of `list_unjoined` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_unjoined};
use roomtone_shared::store::fleet::function::{HISTORY, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run(list_unjoined::routes(), &[ROOMS, MEMBERSHIPS, HISTORY])
}
