//! The Lambda function `exit-room`: the routes of `exit_room` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{exit_room, lambda};

fn main() -> ExitCode {
    lambda::run_appending(exit_room::routes())
}
