//! How many bytes records, rows and items have: those of a message as long as the measured ones, as Roomtone's own types
//! write it, with the attributes that the stores put around it.

use roomtone_shared::domain::event::{
    Event, Fact, Line, MemberChange, MemberEvent, NodeId, Origin, Playing, Said,
};
use roomtone_shared::domain::message::{Message, MessageId, MessageType};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::{Profile, Uid};
use roomtone_shared::store::{Archived, Summary};
use serde::Serialize;
use serde_json::to_vec;

use crate::Failure;

/// As many characters as the messages of RESULTS.md.
const TEXT: &str = "A message of thirty characters";
const PICTURE: &str = "https://images.example/profiles/0123456789abcdef.jpg";
const OWN_ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const NOW_MS: u64 = 1_790_000_000_000;

/// Bytes of a room's id as text.
const ROOM: f64 = 36.0;
/// Bytes of a message's id as text.
const ID: f64 = 22.0;
/// Bytes of a number or a flag in an item of DynamoDB, at most.
const NUMBER: f64 = 8.0;
/// Bytes that Kafka keeps with a record: lengths, time, offset, the key, and the append's id in a header.
const KAFKA: f64 = 12.0 + ROOM + 6.0 + 16.0;

/// Bytes of each thing that is kept or sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// A record of a message.
    pub(super) said: f64,
    /// A record of a membership's change.
    pub(super) member: f64,
    /// A record of a first socket that came, or a last one that went.
    pub(super) held: f64,
    /// A message's row in history.
    pub(super) message_row: f64,
    /// The row of its sender's count.
    pub(super) own_row: f64,
    /// The row of what a room comes to.
    pub(super) summary_row: f64,
    /// A membership, and the same with an event pending.
    pub(super) membership: (f64, f64),
    /// A user's own item.
    pub(super) user: f64,
    /// A message in Redis.
    pub(super) recent: f64,
}

impl Sizes {
    pub(super) fn new() -> Result<Self, Failure> {
        let (room, who) = (RoomId::from_bytes([7; 16]), profile()?);
        let record = |event: Event| bytes(&Fact::In(room, event));
        let (said, member) = (said(&who), member(&who));
        let archived = bytes(&archived(room, &who))?;
        let summary = bytes(&Summary {
            user_count: 1_000,
            last: Some(id()),
            last_talk: Some(message(room, &who)),
            talks: 100_000,
        })?;
        let (profile, event) = (bytes(&who)?, bytes(&member)?);
        // who, joined, version, sequence, enteredAt, switch, entered, memberOf, mark: names and values.
        let uid = who.uid.as_str().len() as f64;
        let membership =
            3.0 + uid + 4.0 + ROOM + 58.0 + profile + 5.0 * NUMBER + 14.0 + uid + ROOM + ID;
        let pending = 28.0 + event + 2.0 + 14.0 + uid;
        let held = Event::Held {
            node: NodeId(u64::MAX / 3),
            uid: who.uid,
            held: true,
        };
        Ok(Self {
            said: KAFKA + record(Event::Said(said))?,
            member: KAFKA + record(Event::Member(member))?,
            held: KAFKA + record(held)?,
            message_row: 2.0 + ROOM + 2.0 + ID + 8.0 + archived + 5.0 + NUMBER,
            own_row: 2.0 + ROOM + 1.0 + uid + 2.0 + ID + 3.0 + NUMBER,
            summary_row: 2.0 + 8.0 + ROOM + 3.0 + 7.0 + summary + 7.0 + ID,
            membership: (membership, membership + pending),
            user: 3.0 + uid + 5.0 + 34.0 + 3.0 * NUMBER + 4.0 * (ROOM + 3.0),
            recent: ID + archived + 40.0,
        })
    }
}

fn bytes(value: &impl Serialize) -> Result<f64, Failure> {
    Ok(to_vec(value)?.len() as f64)
}

pub(super) fn profile() -> Result<Profile, Failure> {
    Ok(Profile {
        uid: Uid::parse("uid", "1234567890")?,
        nick_name: "하늘바다".into(),
        profile_image: Some(PICTURE.into()),
    })
}

fn id() -> MessageId {
    MessageId {
        epoch: 0,
        offset: 1_000_000,
        index: 0,
    }
}

fn playing() -> Playing {
    Playing {
        music_id: "12".into(),
        position_ms: 123_456,
    }
}

/// A record's message as a node writes it.
pub(super) fn said(who: &Profile) -> Said {
    Said {
        sender: who.clone(),
        as_of: 1_000_000,
        lines: vec![Line {
            content: TEXT.into(),
            client_message_id: Some(OWN_ID.into()),
            at: Timestamp::from_ms(NOW_MS),
            playing: playing(),
            headers: vec![],
        }],
        origin: Some(Origin {
            node: NodeId(u64::MAX / 3),
            shard: 1,
            session: 50_000,
            answer: 10,
        }),
        trace: None,
    }
}

fn member(who: &Profile) -> MemberEvent {
    MemberEvent {
        who: who.clone(),
        version: 10,
        at: Timestamp::from_ms(NOW_MS),
        change: MemberChange::Joined {
            silent: false,
            sequence: 7,
        },
        playing: Some(playing()),
    }
}

fn message(room: RoomId, who: &Profile) -> Message {
    Message {
        id: id(),
        room_id: room,
        message_type: MessageType::Talk,
        sender_id: who.uid.clone(),
        nick_name: who.nick_name.clone(),
        sender_profile_image: who.profile_image.clone(),
        content: TEXT.into(),
        created_at: Timestamp::from_ms(NOW_MS),
        current_music_id: "12".into(),
        position_ms: 123_456,
        client_message_id: Some(OWN_ID.into()),
    }
}

fn archived(room: RoomId, who: &Profile) -> Archived {
    Archived {
        message: message(room, who),
        headers: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_larger_than_what_is_in_them_and_within_one_unit() {
        let sizes = Sizes::new().unwrap();
        let message = bytes(&message(RoomId::from_bytes([7; 16]), &profile().unwrap())).unwrap();
        assert!(sizes.message_row > message && sizes.said > sizes.held);
        assert!(sizes.membership.1 > sizes.membership.0);
        for within in [
            sizes.message_row,
            sizes.own_row,
            sizes.summary_row,
            sizes.membership.1,
            sizes.user,
        ] {
            assert!((50.0..1_024.0).contains(&within), "{sizes:?}");
        }
    }
}
