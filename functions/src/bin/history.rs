//! The Lambda function `history`: the routes of `history` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{history, lambda};

fn main() -> ExitCode {
    lambda::run(history::routes())
}
