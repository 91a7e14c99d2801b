//! The Lambda function `send-message`: the routes of `send_message` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{lambda, send_message};
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, RATES, ROOMS};

fn main() -> ExitCode {
    lambda::run(
        send_message::routes(),
        &[ROOMS, MEMBERSHIPS, HISTORY, RATES, LOG],
    )
}
