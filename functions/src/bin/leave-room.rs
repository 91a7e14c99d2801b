//! The Lambda function `leave-room`: the routes of `leave_room` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, leave_room};

fn main() -> ExitCode {
    lambda::run_appending(leave_room::routes())
}
