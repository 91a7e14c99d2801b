//! The Lambda function `list-rooms`: the routes of `list_rooms` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_rooms};

fn main() -> ExitCode {
    lambda::run(list_rooms::routes())
}
