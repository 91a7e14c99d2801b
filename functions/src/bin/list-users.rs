//! The Lambda function `list-users`: the routes of `list_users` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{lambda, list_users};

fn main() -> ExitCode {
    lambda::run(list_users::routes())
}
