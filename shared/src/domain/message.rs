//! Messages, and the ids that put them in the one order everybody sees.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::room::RoomId;
use super::time::Timestamp;
use super::user::{Profile, Uid};
use crate::error::{Error, Result};
use crate::limits;

mod json;

/// Where a message stands in its room: the log's epoch, the record's offset, its index in the record.
/// Written as 4 + 16 + 2 hexadecimal digits, so that ids sort as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// Counts how often the log was begun anew.
    pub epoch: u16,
    /// The record's place in the log.
    pub offset: u64,
    /// The message's place in the record; a transaction's record has several.
    pub index: u8,
}

/// As written.
impl utoipa::PartialSchema for MessageId {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let about =
            "A message's id; within one room ids sort, as bytes, in the order everybody sees";
        let text = text.pattern(Some("^[0-9a-f]{22}$"));
        text.description(Some(about)).into()
    }
}

impl ToSchema for MessageId {}

/// Number of characters in a written id.
pub const ID_CHARS: usize = 22;

impl MessageId {
    /// The id after every id of a record, for "everything up to there" and "everything behind it".
    #[must_use]
    pub fn last_of(epoch: u16, offset: u64) -> Self {
        Self {
            epoch,
            offset,
            index: u8::MAX,
        }
    }

    /// Takes a text as an id.
    ///
    /// # Errors
    /// `Invalid`, naming `field`, where it has another form.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| Error::invalid(field, "must be a message's id"))
    }

    fn read(text: &str) -> Option<Self> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != ID_CHARS || !text.bytes().all(lower_hex) {
            return None;
        }
        Some(Self {
            epoch: u16::from_str_radix(&text[..4], 16).ok()?,
            offset: u64::from_str_radix(&text[4..20], 16).ok()?,
            index: u8::from_str_radix(&text[20..], 16).ok()?,
        })
    }

    /// The id, written.
    #[must_use]
    pub fn text(self) -> IdText {
        IdText::new(self)
    }

    /// The id as bytes that sort as ids do, for stores.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 11] {
        let mut bytes = [0; 11];
        bytes[..2].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[2..10].copy_from_slice(&self.offset.to_be_bytes());
        bytes[10] = self.index;
        bytes
    }

    /// The id that `to_bytes` wrote.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 11]) -> Self {
        let [a, b, rest @ .., index] = bytes;
        Self {
            epoch: u16::from_be_bytes([a, b]),
            offset: u64::from_be_bytes(rest),
            index,
        }
    }
}

/// An id, written. Every delivered message has one twice, so it goes without the machinery of formats.
#[derive(Clone, Copy, Debug)]
pub struct IdText([u8; ID_CHARS]);

/// Two digits for each octet.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [[0; 2]; 256];
    let mut octet = 0;
    while octet < 256 {
        hex[octet] = [DIGITS[octet >> 4], DIGITS[octet & 15]];
        octet += 1;
    }
    hex
};

impl IdText {
    fn new(id: MessageId) -> Self {
        let mut text = [0; ID_CHARS];
        for (two, octet) in text.chunks_exact_mut(2).zip(id.to_bytes()) {
            [two[0], two[1]] = HEX[usize::from(octet)];
        }
        Self(text)
    }
}

impl std::ops::Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| de::Error::custom("not a message's id"))
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageType {
    /// Somebody became a member.
    Enter,
    /// Somebody said something.
    Talk,
    /// Somebody stopped being a member.
    Exit,
}

/// A message as clients and history have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Where it stands.
    pub id: MessageId,
    /// Its room.
    pub room_id: RoomId,
    /// What it is.
    pub message_type: MessageType,
    /// Who sent it, or came, or went.
    pub sender_id: Uid,
    /// Their nickname at the time.
    #[schema(value_type = String)]
    pub nick_name: Arc<str>,
    /// Their picture at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub sender_profile_image: Option<Arc<str>>,
    /// The text.
    #[schema(value_type = String)]
    pub content: Arc<str>,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// What was playing then.
    #[schema(value_type = String)]
    pub current_music_id: Arc<str>,
    /// How far into it, in milliseconds.
    pub position_ms: u64,
    /// The sender's own id for it, by which a repeat is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub client_message_id: Option<Arc<str>>,
}

/// The text of an ENTER.
#[must_use]
pub fn enter_text(who: &Profile) -> Arc<str> {
    format!("{}님이 입장하였습니다.", who.nick_name).into()
}

/// The text of an EXIT.
#[must_use]
pub fn exit_text(who: &Profile) -> Arc<str> {
    format!("{}님이 퇴장하였습니다.", who.nick_name).into()
}

/// What a member may say: 1 to 2,000 characters after trimming.
///
/// # Errors
/// `Invalid`, naming `content`.
pub fn content(text: &str) -> Result<Arc<str>> {
    let trimmed = text.trim();
    let count = trimmed.chars().count();
    let max = limits::CONTENT_CHARS_MAX;
    if count == 0 || count > max {
        let reason = format!("must be 1 to {max} characters after trimming, not {count}");
        return Err(Error::invalid("content", reason));
    }
    Ok(trimmed.into())
}

/// A sender's own id for a message: 1 to 128 characters.
///
/// # Errors
/// `Invalid`, naming `clientMessageId`.
pub fn client_message_id(text: &str) -> Result<Arc<str>> {
    let max = limits::CLIENT_MESSAGE_ID_CHARS_MAX;
    let count = text.chars().count();
    if count == 0 || count > max || text.chars().any(char::is_control) {
        let reason = format!("must be 1 to {max} characters, none a control character");
        return Err(Error::invalid("clientMessageId", reason));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_bytes_in_the_order_of_the_log() {
        let mut ids = vec![];
        for epoch in [0, 1, 0xffff] {
            for offset in [0, 9, 10, 1 << 40, u64::MAX] {
                for index in [0, 9, 255] {
                    ids.push(MessageId {
                        epoch,
                        offset,
                        index,
                    });
                }
            }
        }
        for pair in ids.windows(2) {
            assert!(pair[0].to_string() < pair[1].to_string());
            assert!(pair[0].to_bytes() < pair[1].to_bytes());
        }
        for id in ids {
            assert_eq!(MessageId::parse("id", &id.to_string()).unwrap(), id);
            assert_eq!(MessageId::from_bytes(id.to_bytes()), id);
        }
    }

    #[test]
    fn another_form_is_no_id() {
        for bad in [
            "",
            "1",
            &"g".repeat(22),
            &"A".repeat(22),
            &"0".repeat(23),
            "+000000000000000000001",
            "가나다라마바사a",
        ] {
            assert!(MessageId::parse("id", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn content_is_trimmed_and_counted_in_characters() {
        assert_eq!(&*content("  안녕 \n").unwrap(), "안녕");
        assert!(content(" \n ").is_err());
        assert!(content(&"가".repeat(2000)).is_ok());
        assert!(content(&"가".repeat(2001)).is_err());
    }
}
