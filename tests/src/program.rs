//! The server's binary: where it is, built as it stands now. It knows nothing of how it is run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::settings;

const PACKAGE: &str = "roomtone-localstack";
const NAME: &str = "roomtone";
/// What a fleet needs besides.
const FLEET: [&str; 4] = [
    "--features",
    "roomtone-localstack/fleet",
    "--package",
    "roomtone-socket-node",
];
const NODE: &str = "socket-node";

/// The binary of a socket node, which is beside the other.
///
/// # Panics
/// Where it can't be built.
#[must_use]
pub fn node_path() -> PathBuf {
    path().with_file_name(NODE)
}

/// The binary: `ROOMTONE_BIN`, or the one in the folder that the test binary was built into, which cargo is
/// asked once to bring up to date, so that no test judges yesterday's server.
///
/// # Panics
/// Where it can't be built.
#[must_use]
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| settings::binary().unwrap_or_else(build))
}

/// `target/<profile>/deps/<this test>` → `target/<profile>/roomtone`.
fn build() -> PathBuf {
    let this = std::env::current_exe().expect("a process knows its binary");
    let profile = this
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests into target/<profile>/deps");
    let target = profile
        .parent()
        .expect("a profile has its folder in target");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--package", PACKAGE])
        .arg("--target-dir")
        .arg(target);
    if settings::on_fleet() {
        cargo.args(FLEET);
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "{PACKAGE} does not build");
    profile.join(NAME)
}
