//! The Lambda function `find-playlist`: the routes of `find_playlist` and nothing else.

use std::process::ExitCode;

use roomtone_functions::{find_playlist, lambda};

fn main() -> ExitCode {
    lambda::run(find_playlist::routes())
}
