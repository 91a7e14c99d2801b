//! JSON written by hand, for what is written very often: appended piece by piece, with the very octets that `Serialize` comes to.

use uuid::fmt::Hyphenated;

use super::room::RoomId;
use super::time::Timestamp;

/// Appends a text with its quotes. Nearly every text is without what must be escaped, which is seen many octets at once.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    let plain = |octet: &u8| *octet >= 0x20 && *octet != b'"' && *octet != b'\\';
    if text
        .as_bytes()
        .iter()
        .fold(true, |all, octet| all & plain(octet))
    {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // A text is plain data: writing it to memory cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Appends a room's id, without quotes.
pub(crate) fn put_room(room: RoomId, out: &mut Vec<u8>) {
    let mut text = [0; Hyphenated::LENGTH];
    let uuid = uuid::Uuid::from_bytes(room.to_bytes());
    out.extend_from_slice(uuid.hyphenated().encode_lower(&mut text).as_bytes());
}

/// Appends a time with its quotes.
pub(crate) fn put_time(at: Timestamp, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(at.text().octets());
    out.push(b'"');
}

/// Appends a whole number.
pub(crate) fn put_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a list, each entry as `put` appends it.
pub fn put_list<T>(list: &[T], put: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, entry) in list.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(entry, out);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_that_must_be_escaped_is() {
        for octet in 0..128_u8 {
            let text = format!("한{}글", char::from(octet));
            let mut out = vec![];
            put_text(&text, &mut out);
            assert_eq!(out, serde_json::to_vec(&text).unwrap(), "{octet}");
        }
    }
}
