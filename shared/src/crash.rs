//! Ends the process between two steps, as a crash would, so that a test can see what becomes of what was left.
//!
//! In debug builds only: a release has none of it.

use crate::config::{ConfigError, Env};

/// The steps after which a process can be told to end.
pub const STEPS: [&str; 4] = ["committed", "appended", "settled", "joined"];

#[cfg(debug_assertions)]
static STEP: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Reads `ROOMTONE_CRASH_AFTER`: the step after which this process is to end.
///
/// # Errors
/// Where it is no step, or this is a release.
pub fn arm(env: &Env) -> Result<(), ConfigError> {
    let name = "ROOMTONE_CRASH_AFTER";
    let Some(step) = env.text(name) else {
        return Ok(());
    };
    if !STEPS.contains(&step) {
        return Err(ConfigError::new(
            name,
            format!("must be one of {}", STEPS.join(", ")),
        ));
    }
    #[cfg(debug_assertions)]
    {
        STEP.get_or_init(|| step.to_owned());
        Ok(())
    }
    #[cfg(not(debug_assertions))]
    Err(ConfigError::new(
        name,
        "is for tests, and this program is a release",
    ))
}

/// A step was done.
pub(crate) fn after(step: &str) {
    debug_assert!(STEPS.contains(&step), "{step} is not listed");
    #[cfg(debug_assertions)]
    if STEP.get().is_some_and(|armed| armed == step) {
        std::process::abort();
    }
}
