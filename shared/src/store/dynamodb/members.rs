//! Memberships and users as items.
//!
//! | key | attributes |
//! |---|---|
//! | `uid`, room | the membership, or its tombstone. `memberOf` and `entered` only while joined, for the index `by-room`; `pendingShard` and `pendingAt` only while an event is pending, for the index `pending` |
//! | `uid`, `@` | the user's rooms and counters |

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, Reader, json, number, text};
use crate::domain::membership::{MemberCursor, Membership, UserRooms};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::Result;

/// What errors call this.
pub(super) const STORE: &str = "the membership store";
/// The sort key of a user's own item; no room's id looks like it.
pub(super) const OWN: &str = "@";
/// Parts of the index of pending events, so that no one part of it takes all writes.
pub(super) const PENDING_SHARDS: u64 = 16;

/// The key of a membership.
pub(super) fn key(uid: &Uid, room: RoomId) -> Item {
    of(uid, room.to_string())
}

/// The key of a user's own item.
pub(super) fn own_key(uid: &Uid) -> Item {
    of(uid, OWN.to_owned())
}

fn of(uid: &Uid, room: String) -> Item {
    [("uid", text(uid.as_str())), ("room", text(room))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// Where a member stands in their room's list.
pub(super) fn entered(cursor: &MemberCursor) -> String {
    format!("{:013}#{}", cursor.entered_at.ms(), cursor.uid)
}

/// Where an event stands in the list of those pending.
pub(super) fn pending_at(at: Timestamp, uid: &Uid) -> String {
    format!("{:013}#{uid}", at.ms())
}

/// The part of the index of pending events that a user's are in.
fn shard(uid: &Uid) -> String {
    // FNV-1a, 64 bits: any spread that stays the same will do.
    let hash = uid
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    shard_name(hash % PENDING_SHARDS)
}

/// The name of a part of that index.
pub(super) fn shard_name(number: u64) -> String {
    format!("{number:02}")
}

/// All attributes of a membership but its key and its mark; none of those that are to go.
pub(super) fn attributes(
    room: RoomId,
    member: &Membership,
) -> Vec<(&'static str, Option<AttributeValue>)> {
    let uid = &member.who.uid;
    let cursor = MemberCursor {
        entered_at: member.entered_at,
        uid: uid.clone(),
    };
    let joined = member.joined.then(|| text(room.to_string()));
    let pending = member.pending.as_ref();
    vec![
        ("who", Some(json(&member.who))),
        ("joined", Some(AttributeValue::Bool(member.joined))),
        ("version", Some(number(member.version))),
        ("sequence", Some(number(member.sequence))),
        ("enteredAt", Some(number(member.entered_at.ms()))),
        ("switch", Some(AttributeValue::Bool(member.switch))),
        ("entered", joined.as_ref().map(|_| text(entered(&cursor)))),
        ("memberOf", joined),
        ("pending", pending.map(json)),
        ("pendingShard", pending.map(|_| text(shard(uid)))),
        (
            "pendingAt",
            pending.map(|event| text(pending_at(event.at, uid))),
        ),
    ]
}

/// Reads a membership.
pub(super) fn read(item: &Item) -> Result<Membership> {
    let reader = Reader { store: STORE, item };
    Ok(Membership {
        who: reader.json("who")?,
        joined: reader.flag("joined")?,
        version: reader.number("version")?,
        sequence: reader.number("sequence")?,
        entered_at: Timestamp::from_ms(reader.number("enteredAt")?),
        switch: reader.flag("switch")?,
        mark: reader.optional_id("mark")?,
        pending: reader.optional_json("pending")?,
    })
}

/// Reads the room that a membership is of.
pub(super) fn read_room(item: &Item) -> Result<RoomId> {
    let reader = Reader { store: STORE, item };
    RoomId::parse("room", reader.text("room")?)
        .map_err(|_| super::broken(STORE, &"an item whose room is none"))
}

/// A user's own item.
pub(super) fn own(uid: &Uid, user: &UserRooms) -> Item {
    let mut item = own_key(uid);
    for (name, value) in [
        ("version", number(user.version)),
        ("sequence", number(user.sequence)),
        ("lastEnteredAt", number(user.last_entered_at.ms())),
        ("rooms", json(&user.rooms)),
    ] {
        item.insert(name.into(), value);
    }
    item
}

/// Reads a user's own item.
pub(super) fn read_own(item: &Item) -> Result<UserRooms> {
    let reader = Reader { store: STORE, item };
    Ok(UserRooms {
        version: reader.number("version")?,
        sequence: reader.number("sequence")?,
        last_entered_at: Timestamp::from_ms(reader.number("lastEnteredAt")?),
        rooms: reader.json("rooms")?,
    })
}
