//! The Lambda function `reenter-room`: the routes of `reenter_room` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, reenter_room};

fn main() -> ExitCode {
    lambda::run(reenter_room::routes())
}
