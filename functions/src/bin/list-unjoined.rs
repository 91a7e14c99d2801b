//! The Lambda function `list-unjoined`: the routes of `list_unjoined` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_unjoined};

fn main() -> ExitCode {
    lambda::run(list_unjoined::routes())
}
