//! The Lambda function `list-joined`: the routes of `list_joined` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{list_joined, lambda};

fn main() -> ExitCode {
    lambda::run(list_joined::routes())
}
