//! The Lambda function `send-message`: the routes of `send_message` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{send_message, lambda};

fn main() -> ExitCode {
    lambda::run(send_message::routes())
}
