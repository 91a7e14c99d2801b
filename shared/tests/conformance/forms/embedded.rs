//! The embedded form: a folder for each test.

use async_trait::async_trait;
use roomtone_shared::store::Stores;
use roomtone_shared::store::embedded::{self, OpenError};
use tempfile::TempDir;

use super::Place;
use crate::deadline;

/// The embedded form, in a folder of its own.
pub(crate) fn embedded() -> impl Place {
    Embedded(tempfile::tempdir().expect("a folder"))
}

struct Embedded(TempDir);

#[async_trait]
impl Place for Embedded {
    async fn open(&self) -> Stores {
        // The file is let go of by the writer's thread, a moment after the last of its stores was dropped.
        let opened = || async {
            match embedded::open(self.0.path()) {
                Err(OpenError::InUse(_)) => None,
                opened => Some(opened),
            }
        };
        let opened = deadline::until("the file to be let go of", opened).await;
        opened.expect("the embedded stores")
    }
}
