//! What each client sent and got, as it saw it: one JSON object a line, in a file of its own. It knows nothing of who judges.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Something that a client did, or that was done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub(crate) enum Note {
    /// It subscribed to a room: from now on, or from after this id.
    Subscribed { room: String, since: Option<String> },
    /// It sent a message with an id of its own; once more where it had no answer the first time.
    Sent { room: String, own: String },
    /// That message's RECEIPT came, with the id it has in the room.
    Acknowledged {
        room: String,
        own: String,
        id: String,
    },
    /// It was told that a message is not taken: 429 or 503. It says it again.
    Refused { own: String, status: u64 },
    /// A message of a room came.
    Heard {
        room: String,
        id: String,
        own: Option<String>,
    },
    /// It was told that messages are left out.
    Gap {
        room: String,
        after: String,
        before: String,
    },
    /// Its connection ended.
    CutOff,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Milliseconds since the scenario began.
    pub(crate) at_ms: u64,
    #[serde(flatten)]
    pub(crate) note: Note,
}

/// One client's file.
#[derive(Debug)]
pub(crate) struct Notes {
    file: BufWriter<File>,
    begun: std::time::Instant,
}

impl Notes {
    /// A new file in this folder.
    ///
    /// # Panics
    /// Where it can't be made.
    pub(crate) fn begin(folder: &Path, who: &str, begun: std::time::Instant) -> Self {
        let file = File::create(path(folder, who)).expect("a file for notes");
        let file = BufWriter::new(file);
        Self { file, begun }
    }

    /// Writes it down.
    ///
    /// # Panics
    /// Where the disk does not take it.
    pub(crate) fn write(&mut self, note: Note) {
        let at_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = serde_json::to_string(&Line { at_ms, note }).expect("notes are JSON");
        writeln!(self.file, "{line}").expect("a disk with space");
    }

    /// Sees that all of it is in the file.
    ///
    /// # Panics
    /// Where the disk does not take it.
    pub(crate) fn end(mut self) {
        self.file.flush().expect("a disk with space");
    }
}

fn path(folder: &Path, who: &str) -> PathBuf {
    folder.join(format!("{who}.jsonl"))
}
