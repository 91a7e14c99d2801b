//! The Lambda function `send-message`: the routes of `send_message` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, send_message};

fn main() -> ExitCode {
    lambda::run_appending(send_message::routes())
}
