//! A message as JSON, written once for each message and read by everybody in its room: so by hand, in one pass, with the very
//! octets that its `Serialize` comes to.

use super::{Message, MessageType};
use crate::domain::json::{put_number, put_room, put_text, put_time};

impl Message {
    /// Appends the message as JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(self.id.text().as_bytes());
        out.extend_from_slice(b"\",\"roomId\":\"");
        put_room(self.room_id, out);
        out.extend_from_slice(match self.message_type {
            MessageType::Enter => b"\",\"messageType\":\"ENTER\",\"senderId\":",
            MessageType::Talk => b"\",\"messageType\":\"TALK\",\"senderId\":",
            MessageType::Exit => b"\",\"messageType\":\"EXIT\",\"senderId\":",
        });
        put_text(self.sender_id.as_str(), out);
        out.extend_from_slice(b",\"nickName\":");
        put_text(&self.nick_name, out);
        if let Some(image) = &self.sender_profile_image {
            out.extend_from_slice(b",\"senderProfileImage\":");
            put_text(image, out);
        }
        out.extend_from_slice(b",\"content\":");
        put_text(&self.content, out);
        out.extend_from_slice(b",\"createdAt\":");
        put_time(self.created_at, out);
        out.extend_from_slice(b",\"currentMusicId\":");
        put_text(&self.current_music_id, out);
        out.extend_from_slice(b",\"positionMs\":");
        put_number(self.position_ms, out);
        if let Some(own) = &self.client_message_id {
            out.extend_from_slice(b",\"clientMessageId\":");
            put_text(own, out);
        }
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::message::MessageId;
    use crate::domain::room::RoomId;
    use crate::domain::time::Timestamp;
    use crate::domain::user::Uid;

    prop_compose! {
        fn messages()(
            (epoch, offset, index) in any::<(u16, u64, u8)>(),
            room in any::<[u8; 16]>(),
            message_type in prop::sample::select(vec![MessageType::Enter, MessageType::Talk, MessageType::Exit]),
            uid in "[^\\p{Cc}]{1,64}",
            (nick, content, music) in any::<(String, String, String)>(),
            (image, own) in any::<(Option<String>, Option<String>)>(),
            (at, position_ms) in any::<(u64, u64)>(),
        ) -> Message {
            Message {
                id: MessageId { epoch, offset, index },
                room_id: RoomId::from_bytes(room),
                message_type,
                sender_id: Uid::parse("uid", &uid).unwrap(),
                nick_name: nick.into(),
                sender_profile_image: image.map(Into::into),
                content: content.into(),
                created_at: Timestamp::from_ms(at),
                current_music_id: music.into(),
                position_ms,
                client_message_id: own.map(Into::into),
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_what_serde_writes(message in messages()) {
            let mut out = b"before".to_vec();
            message.write_json(&mut out);
            let serde = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{serde}"));
        }
    }
}
