//! Some seeds as a test of cargo's, for what can only run those: `tests/mutants/run`.

use std::process::{Command, Stdio};

/// Enough that most of what people do happens with most of the weather.
const SEEDS: &str = "60";

#[test]
fn holds() {
    let status = Command::new(env!("CARGO_BIN_EXE_roomtone-simulation"))
        .args(["--seeds", SEEDS])
        .stdin(Stdio::null())
        .status()
        .expect("the simulation to start");
    assert!(status.success(), "{status}");
}
