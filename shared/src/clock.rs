//! Sets this process's clock wrong, as a machine's may be, so that a test can see that nothing depends on it.
//!
//! In debug builds only: a release has none of it.

use crate::config::{ConfigError, Env};

/// Reads `ROOMTONE_CLOCK_OFFSET_S`: seconds by which this process takes it to be later than it is.
///
/// # Errors
/// Where it is no number of seconds of a day, or this is a release.
pub fn set(env: &Env) -> Result<(), ConfigError> {
    let name = "ROOMTONE_CLOCK_OFFSET_S";
    let offset_s = env.number(name, 0, -86_400..=86_400)?;
    if env.text(name).is_none() {
        return Ok(());
    }
    #[cfg(debug_assertions)]
    {
        crate::domain::time::set_clock_wrong_by(offset_s * 1_000);
        Ok(())
    }
    #[cfg(not(debug_assertions))]
    {
        let _: i64 = offset_s;
        Err(ConfigError::new(
            name,
            "is for tests, and this program is a release",
        ))
    }
}
