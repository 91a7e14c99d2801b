//! A room's JSON, which is most of what rooms over HTTP cost: so by hand, in one pass, with the very octets that its
//! `Serialize` comes to.

use super::{RoomView, UserView};
use crate::domain::json::{put_list, put_number, put_room, put_text, put_time};
use crate::domain::playlist::{Music, NowPlaying, Playlist};

/// Octets that most rooms fit into but for their tracks and members, and those that each of them takes.
const ROOM_BYTES: usize = 768;
const PART_BYTES: usize = 192;

impl RoomView {
    /// The room as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let parts = self.playlist.musics.len() + self.users.len();
        let mut out = Vec::with_capacity(ROOM_BYTES + parts * PART_BYTES);
        self.put(&mut out);
        out
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":\"");
        put_room(self.id, out);
        out.extend_from_slice(b"\",\"roomName\":");
        put_text(&self.room_name, out);
        out.extend_from_slice(b",\"owner\":");
        put_user(&self.owner, out);
        out.extend_from_slice(b",\"userCount\":");
        put_number(self.user_count, out);
        out.extend_from_slice(b",\"users\":");
        put_list(&self.users, put_user, out);
        out.extend_from_slice(b",\"playlist\":");
        put_playlist(&self.playlist, out);
        out.extend_from_slice(b",\"thumbnail\":");
        match &self.thumbnail {
            Some(music) => put_music(music, out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"createdAt\":");
        put_time(self.created_at, out);
        out.extend_from_slice(b",\"nowPlaying\":");
        put_playing(&self.now_playing, out);
        out.push(b'}');
    }
}

fn put_user(user: &UserView, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"uid\":");
    put_text(user.who.uid.as_str(), out);
    out.extend_from_slice(b",\"nickName\":");
    put_text(&user.who.nick_name, out);
    if let Some(image) = &user.who.profile_image {
        out.extend_from_slice(b",\"profileImage\":");
        put_text(image, out);
    }
    out.extend_from_slice(b",\"enteredAt\":");
    put_time(user.entered_at, out);
    if let Some(mark) = user.last_read_message_id {
        out.extend_from_slice(b",\"lastReadMessageId\":");
        put_text(&mark.text(), out);
    }
    out.push(b'}');
}

fn put_playlist(playlist: &Playlist, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    put_text(&playlist.id, out);
    out.extend_from_slice(b",\"name\":");
    put_text(&playlist.name, out);
    out.extend_from_slice(b",\"musics\":");
    put_list(&playlist.musics, put_music, out);
    out.push(b'}');
}

fn put_music(music: &Music, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    put_text(&music.id, out);
    out.extend_from_slice(b",\"title\":");
    put_text(&music.title, out);
    out.extend_from_slice(b",\"artist\":");
    put_text(&music.artist, out);
    out.extend_from_slice(b",\"playtime\":");
    put_text(&music.playtime, out);
    out.extend_from_slice(b",\"thumbnail\":");
    put_text(&music.thumbnail, out);
    out.push(b'}');
}

fn put_playing(now: &NowPlaying, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"musicId\":");
    put_text(&now.music_id, out);
    out.extend_from_slice(b",\"index\":");
    put_number(now.index as u64, out);
    out.extend_from_slice(b",\"positionMs\":");
    put_number(now.position_ms, out);
    out.extend_from_slice(b",\"startedAt\":");
    put_time(now.started_at, out);
    out.extend_from_slice(b",\"serverTime\":");
    put_time(now.server_time, out);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::message::MessageId;
    use crate::domain::playlist::Schedule;
    use crate::domain::room::RoomId;
    use crate::domain::time::Timestamp;
    use crate::domain::user::{Profile, Uid};

    fn times() -> impl Strategy<Value = Timestamp> {
        any::<u64>().prop_map(Timestamp::from_ms)
    }

    prop_compose! {
        fn users()(
            uid in "[^\\p{Cc}]{1,64}",
            (nick, image) in any::<(String, Option<String>)>(),
            (entered_at, mark) in (times(), any::<Option<(u16, u64)>>()),
        ) -> UserView {
            UserView {
                who: Profile {
                    uid: Uid::parse("uid", &uid).unwrap(),
                    nick_name: nick.into(),
                    profile_image: image.map(Into::into),
                },
                entered_at,
                last_read_message_id: mark.map(|(epoch, offset)| MessageId { epoch, offset, index: 3 }),
            }
        }
    }

    prop_compose! {
        fn musics()(texts in any::<[String; 5]>()) -> Music {
            let [id, title, artist, playtime, thumbnail] = texts.map(Into::into);
            Music { id, title, artist, playtime, thumbnail }
        }
    }

    prop_compose! {
        fn rooms()(
            (id, count, texts) in any::<([u8; 16], u64, [String; 2])>(),
            (owner, users) in (users(), vec(users(), 0..4)),
            musics in vec(musics(), 0..4),
            (created_at, now) in (times(), times()),
        ) -> RoomView {
            let [playlist_id, name] = texts.map(Arc::from);
            let playlist = Playlist { id: playlist_id, name: name.clone(), musics: musics.into() };
            RoomView {
                id: RoomId::from_bytes(id),
                room_name: name,
                owner,
                user_count: count,
                users,
                thumbnail: playlist.musics.first().cloned(),
                created_at,
                now_playing: Schedule::new(&playlist, created_at).at(now),
                playlist,
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_what_serde_writes(room in rooms()) {
            let written = String::from_utf8(room.to_json()).unwrap();
            prop_assert_eq!(written, serde_json::to_string(&room).unwrap());
        }
    }
}
