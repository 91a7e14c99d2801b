//! HTTP/1.1 as bytes in a buffer, for clients and servers that must cost next to nothing. Bodies have a length; chunks are
//! not understood.

use std::ops::Range;

use crate::Failure;

/// A whole message at the beginning of a buffer.
pub(crate) struct Found {
    /// Its head, with the empty line.
    pub(crate) head: Range<usize>,
    /// Its body.
    pub(crate) body: Range<usize>,
}

/// Finds the message that a buffer begins with; none where more has to come.
pub(crate) fn find(buffer: &[u8]) -> Result<Option<Found>, Failure> {
    let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = 0..end + 4;
    let length = match header(&buffer[head.clone()], "content-length") {
        Some(length) => length.parse()?,
        None => 0,
    };
    let body = head.end..head.end + length;
    Ok((buffer.len() >= body.end).then_some(Found { head, body }))
}

/// The value of a header, whose name is written small here and as one likes there.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let wanted = name.as_bytes();
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(wanted.len())?;
        let value = value.strip_prefix(b":")?;
        let value = std::str::from_utf8(value).ok()?.trim();
        found.eq_ignore_ascii_case(wanted).then_some(value)
    })
}

/// Appends a request.
pub(crate) fn put_request(line: &str, token: Option<&str>, body: &str, out: &mut Vec<u8>) {
    let mut head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n");
    if let Some(token) = token {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    if !body.is_empty() {
        let length = body.len();
        head += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    out.extend([&head, "\r\n", body].concat().into_bytes());
}

/// Appends an answer whose body is JSON; `more` are header lines, each with its end.
pub(crate) fn put_answer(status: &str, more: &str, body: &str, out: &mut Vec<u8>) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    out.extend([head.as_bytes(), body.as_bytes()].concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_once_all_of_it_is_there() {
        let mut bytes = vec![];
        put_request("POST /a", Some("t"), "{}", &mut bytes);
        for end in 0..bytes.len() {
            assert!(find(&bytes[..end]).expect("no length").is_none(), "{end}");
        }
        bytes.extend(b"GET");
        let found = find(&bytes).expect("a length").expect("a message");
        assert_eq!(&bytes[found.body.clone()], b"{}");
        assert_eq!(found.body.end + 3, bytes.len());
        let head = &bytes[found.head];
        assert_eq!(header(head, "authorization"), Some("Bearer t"));
        assert_eq!(header(head, "length"), None);
    }

    #[test]
    fn a_message_without_a_length_has_no_body_and_one_of_another_form_is_refused() {
        let none = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert!(
            find(none)
                .expect("a head")
                .expect("a message")
                .body
                .is_empty()
        );
        assert!(find(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
    }
}
