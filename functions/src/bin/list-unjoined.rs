//! The Lambda function `list-unjoined`: the routes of `list_unjoined` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{list_unjoined, lambda};

fn main() -> ExitCode {
    lambda::run(list_unjoined::routes())
}
