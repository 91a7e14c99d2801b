//! Where a page goes on, as a text that means nothing to whoever carries it.
//!
//! Histories go on at a message's id, which is such a text already.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use roomtone_shared::domain::membership::{MemberCursor, Membership};
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::RoomCursor;

/// First byte of a cursor in a list of rooms, and of one in a list of members, so that neither is taken
/// for the other.
const ROOMS: u8 = b'r';
const MEMBERS: u8 = b'm';

/// Goes on after this room.
pub(crate) fn after_room(room: &Room) -> String {
    write(ROOMS, room.created_at, &room.id.to_bytes())
}

/// Goes on after this member.
pub(crate) fn after_member(member: &Membership) -> String {
    write(
        MEMBERS,
        member.entered_at,
        member.who.uid.as_str().as_bytes(),
    )
}

/// Reads what [`after_room`] wrote.
///
/// # Errors
/// `Malformed`.
pub(crate) fn room(text: &str) -> Result<RoomCursor> {
    let (created_at, key) = read(ROOMS, text)?;
    let id = <[u8; 16]>::try_from(key.as_slice()).map_err(|_| bad())?;
    Ok(RoomCursor {
        created_at,
        id: RoomId::from_bytes(id),
    })
}

/// Reads what [`after_member`] wrote.
///
/// # Errors
/// `Malformed`.
pub(crate) fn member(text: &str) -> Result<MemberCursor> {
    let (entered_at, key) = read(MEMBERS, text)?;
    let uid = String::from_utf8(key).map_err(|_| bad())?;
    let uid = Uid::parse("cursor", &uid).map_err(|_| bad())?;
    Ok(MemberCursor { entered_at, uid })
}

fn write(list: u8, at: Timestamp, key: &[u8]) -> String {
    let mut bytes = vec![list];
    bytes.extend_from_slice(&at.ms().to_be_bytes());
    bytes.extend_from_slice(key);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read(list: u8, text: &str) -> Result<(Timestamp, Vec<u8>)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
    let rest = bytes.strip_prefix(&[list]).ok_or_else(bad)?;
    let (at, key) = rest.split_first_chunk::<8>().ok_or_else(bad)?;
    Ok((Timestamp::from_ms(u64::from_be_bytes(*at)), key.to_vec()))
}

fn bad() -> Error {
    Error::Malformed("cursor: is none that a page of this list gave".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_by_its_own_list_only() {
        let at = Timestamp::from_ms(1_767_323_045_678);
        let id = RoomId::new();
        let of_rooms = write(ROOMS, at, &id.to_bytes());
        assert_eq!(room(&of_rooms).unwrap(), RoomCursor { created_at: at, id });
        assert!(member(&of_rooms).is_err());
        let of_members = write(MEMBERS, at, "하늘".as_bytes());
        assert_eq!(member(&of_members).unwrap().uid.as_str(), "하늘");
        assert!(room(&of_members).is_err());
    }

    #[test]
    fn another_text_is_malformed() {
        for text in ["x", "!!", "cg", "bQAAAAAAAAAA", "가"] {
            assert!(matches!(room(text), Err(Error::Malformed(_))), "{text}");
            assert!(matches!(member(text), Err(Error::Malformed(_))), "{text}");
        }
    }
}
