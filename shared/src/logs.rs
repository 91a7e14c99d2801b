//! Logs: one JSON object a line on standard output, as collectors take them.

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Env};

/// Begins to log; `ROOMTONE_LOG` says how much.
///
/// # Errors
/// Where that is no filter.
pub fn init(env: &Env) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(env.text("ROOMTONE_LOG").unwrap_or("info"));
    let filter = filter.map_err(|_| {
        ConfigError::new(
            "ROOMTONE_LOG",
            "must be a filter such as info, or roomtone=debug",
        )
    })?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .init();
    Ok(())
}
