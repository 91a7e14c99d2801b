//! A folder that is gone when its test is over. It knows nothing of what is put in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A new and empty folder; removed with all in it when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one among the system's temporary files.
    ///
    /// # Panics
    /// Where it can't be made.
    #[must_use]
    pub fn new() -> Self {
        let name = format!(
            "roomtone-tests-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the temporary folder can be made");
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The files in it, at any depth.
    ///
    /// # Panics
    /// Where they can't be listed.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let (mut files, mut folders) = (vec![], vec![self.0.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
                let path = entry.expect("the folder can be listed").path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    files.push(path)
                }
            }
        }
        files
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: a folder left behind among temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
