//! The Lambda function `find-playlist`: the routes of `find_playlist` and nothing else, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::{find_playlist, lambda};
use roomtone_shared::store::fleet::function::ROOMS;

fn main() -> ExitCode {
    lambda::run(find_playlist::routes(), &[ROOMS])
}
