//! The Lambda function `reindex-rooms`, which a schedule invokes.

use std::process::ExitCode;

use roomtone_functions::lambda;

fn main() -> ExitCode {
    lambda::run_sweep()
}
