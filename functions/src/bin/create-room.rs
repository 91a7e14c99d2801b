//! The Lambda function `create-room`: the routes of `create_room` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{create_room, lambda};

fn main() -> ExitCode {
    lambda::run_appending(create_room::routes())
}
