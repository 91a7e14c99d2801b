//! The Lambda function `list-users`: the routes of `list_users` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{list_users, lambda};

fn main() -> ExitCode {
    lambda::run(list_users::routes())
}
