//! The local run's own signing key: made at first start, and kept in the data folder.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use roomtone_shared::auth::{SECRET_BYTES_MIN, Secret};
use thiserror::Error;

/// Name of the file in the data folder.
const FILE: &str = "signing.key";

/// Why there is no key.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot keep the signing key in {}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The file holds something else.
    #[error("{} is no signing key; remove it, and a new one is made", .0.display())]
    Broken(PathBuf),
    /// The system gives no random bytes.
    #[error("the system gives no randomness for a signing key")]
    Randomness,
}

/// Reads the key, or makes it where there is none. Only its owner may read the file.
pub(crate) fn read_or_make(folder: &Path) -> Result<Secret, KeyError> {
    let path = folder.join(FILE);
    let failed = |why| KeyError::File {
        path: path.clone(),
        why,
    };
    match fs::read(&path) {
        Ok(bytes) if bytes.len() >= SECRET_BYTES_MIN => return Ok(Secret::new(bytes)),
        Ok(_) => return Err(KeyError::Broken(path)),
        Err(why) if why.kind() == ErrorKind::NotFound => {}
        Err(why) => return Err(failed(why)),
    }
    let secret = Secret::generate().map_err(|_| KeyError::Randomness)?;
    // Written beside and moved into place: a start that is killed here leaves no half a key.
    let draft = folder.join(format!("{FILE}.new"));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(secret.expose())
                .and_then(|()| file.sync_all())
        });
    written
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(failed)?;
    Ok(secret)
}
