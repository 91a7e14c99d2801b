//! The newest message of each room that any client of this process was told of, by a RECEIPT or a MESSAGE.
//!
//! What was told is in history at once where everything is in one process, and a moment later in a fleet. Who reads
//! history in a test waits for that much, and no longer than a deadline.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use crate::frame::Frame;

const ROOM_TOPIC: &str = "/chat/topic/room/";

static NEWEST: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);

/// Notes that a room's message with this id was told of.
///
/// # Panics
/// Where a test that held the notes panicked.
pub fn note(room: &str, id: &str) {
    let mut newest = NEWEST.lock().unwrap();
    match newest.get_mut(room) {
        Some(known) if known.as_str() >= id => {}
        Some(known) => id.clone_into(known),
        None => drop(newest.insert(room.into(), id.into())),
    }
}

/// Notes what a frame from the server tells.
pub fn note_message(frame: &Frame) {
    let destination = frame.get("destination").unwrap_or_default();
    let Some(room) = destination.strip_prefix(ROOM_TOPIC) else {
        return;
    };
    let is_message = frame.command == "MESSAGE" && frame.value()["messageType"] != "GAP";
    if let Some(id) = frame.get("message-id").filter(|_| is_message) {
        note(room, id);
    }
}

/// The newest message of a room, so far as was told.
///
/// # Panics
/// Where a test that held the notes panicked.
#[must_use]
pub fn newest(room: &str) -> Option<String> {
    NEWEST.lock().unwrap().get(room).cloned()
}
