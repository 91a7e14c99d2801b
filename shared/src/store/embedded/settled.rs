//! Waiting for the recorder: what was in the log when somebody asks is recorded before they are answered.

use std::sync::Arc;

use tokio::sync::watch;

use super::tail::Tail;
use super::writer::Writer;
use crate::error::Result;

/// Knows how far the log goes, and how far it is recorded. Cheap to clone.
#[derive(Clone)]
pub(super) struct Settled {
    pub(super) tail: Arc<Tail>,
    pub(super) recorded: watch::Receiver<u64>,
    pub(super) writer: Writer,
}

impl Settled {
    /// Waits until all that is in the log now is recorded.
    ///
    /// # Errors
    /// `Unavailable`, where it cannot be.
    pub(super) async fn wait(&self) -> Result<()> {
        if *self.recorded.borrow() >= self.tail.end() {
            return Ok(());
        }
        // The writer records what there is before it takes up any work.
        self.writer.write(|_| Ok(())).await
    }
}
