//! The Lambda function `reindex-rooms`, which a schedule invokes, and the parts of a fleet that it uses.

use std::process::ExitCode;

use roomtone_functions::lambda;
use roomtone_shared::store::fleet::function::{HISTORY, LOG, MEMBERSHIPS, ROOMS};

fn main() -> ExitCode {
    lambda::run_sweep(&[ROOMS, MEMBERSHIPS, HISTORY, LOG])
}
