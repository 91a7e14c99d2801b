//! The Lambda function `get-room`: the routes of `get_room` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{get_room, lambda};

fn main() -> ExitCode {
    lambda::run(get_room::routes())
}
