//! The Lambda function `list-joined`: the routes of `list_joined` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_joined};

fn main() -> ExitCode {
    lambda::run(list_joined::routes())
}
