//! The Lambda function `history`: the routes of `history` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{history, lambda};
use roomtone_shared::store::fleet::function::{MEMBERSHIPS, RECENT_HISTORY, ROOMS};

fn main() -> ExitCode {
    lambda::run(history::routes(), &[ROOMS, MEMBERSHIPS, RECENT_HISTORY])
}
