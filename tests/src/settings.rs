//! What may be set from outside for a run of the tests. It knows nothing of the server's own settings.

use std::path::PathBuf;
use std::time::Duration;

/// `ROOMTONE_BIN`: the server's binary; without it the one beside the test binary, built where needed.
#[must_use]
pub fn binary() -> Option<PathBuf> {
    std::env::var_os("ROOMTONE_BIN").map(PathBuf::from)
}

/// `ROOMTONE_TESTS_ON`: whether the server is a `fleet` on the real parts; without it, one process and a file.
#[must_use]
pub fn on_fleet() -> bool {
    let on = std::env::var_os("ROOMTONE_TESTS_ON");
    assert!(
        on.as_deref().is_none_or(|on| on == "fleet"),
        "ROOMTONE_TESTS_ON may be fleet, or nothing"
    );
    on.is_some()
}

/// `ROUNDS`: how often the race for four rooms is run; `default` without it.
#[must_use]
pub fn rounds(default: usize) -> usize {
    number("ROUNDS").unwrap_or(default)
}

/// `MESSAGES`: how many messages go through a fleet in one test; `default` without it.
#[must_use]
pub fn messages(default: usize) -> usize {
    number("MESSAGES").unwrap_or(default)
}

/// `ROOMTONE_TESTS_DEADLINE_S`: how many seconds a test waits for one thing before it gives up; 20 without it.
#[must_use]
pub fn deadline() -> Duration {
    Duration::from_secs(number("ROOMTONE_TESTS_DEADLINE_S").unwrap_or(20))
}

/// `ROOMTONE_WRITE_EXAMPLES`: whether the API pages' examples are written anew, and not compared.
#[must_use]
pub fn writes_examples() -> bool {
    std::env::var_os("ROOMTONE_WRITE_EXAMPLES").is_some()
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var_os(name)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    assert!(number.is_some(), "{name} must be a number");
    number
}
