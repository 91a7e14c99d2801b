//! Logs: one JSON object a line on standard output, as collectors take them.
//!
//! Which of them is said by target and level alone, as most say it: more would bring regular expressions into each program.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

use crate::config::{ConfigError, Env};

/// Begins to log; `ROOMTONE_LOG` says how much.
///
/// # Errors
/// Where that is no filter.
pub fn init(env: &Env) -> Result<(), ConfigError> {
    let targets = env
        .text("ROOMTONE_LOG")
        .unwrap_or("info")
        .parse::<Targets>();
    let targets = targets.map_err(|_| {
        ConfigError::new(
            "ROOMTONE_LOG",
            "must be a filter such as info, or roomtone=debug",
        )
    })?;
    let lines = fmt::layer().json().flatten_event(true);
    registry().with(lines).with(targets).init();
    Ok(())
}
