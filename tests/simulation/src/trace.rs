//! What happens, a line each, where somebody wants to see it.

use std::fmt;
use std::sync::OnceLock;

use tokio::time::Instant;

/// When the run began that is shown; none is while this is not set.
static SHOWN: OnceLock<Instant> = OnceLock::new();

/// Shows what happens from here on, by the time since now.
pub fn show() {
    SHOWN.get_or_init(Instant::now);
}

/// Shows that this happened.
pub fn trace(who: &dyn fmt::Display, what: fmt::Arguments<'_>) {
    if let Some(begun) = SHOWN.get() {
        println!("{:>9.3} {who:<8} {what}", begun.elapsed().as_secs_f64());
    }
}
