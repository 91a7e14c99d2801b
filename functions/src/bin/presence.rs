//! The Lambda function `presence`: the routes of `presence` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, presence};

fn main() -> ExitCode {
    lambda::run_appending(presence::routes())
}
