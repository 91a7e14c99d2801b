//! What ends a process from outside.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at SIGTERM, as a supervisor sends it, or SIGINT, which is Ctrl-C. From the call on, neither ends the process by
/// itself.
///
/// # Errors
/// Where the system refuses to watch for signals.
pub fn asked() -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
