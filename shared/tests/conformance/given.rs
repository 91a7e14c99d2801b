//! Values to keep: users, rooms, times.

use roomtone_shared::domain::event::Partition;
use roomtone_shared::domain::playlist::{Music, Playlist};
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::{Profile, Uid};

/// The time that the tests' own times are counted from.
const BEGINNING_MS: u64 = 1_767_225_600_000;

/// That many milliseconds after the tests' beginning of time.
pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(BEGINNING_MS + ms)
}

pub(crate) fn uid(text: &str) -> Uid {
    Uid::parse("uid", text).expect("a user's id")
}

/// The user with this id, as others see them.
pub(crate) fn user(id: &str) -> Profile {
    Profile {
        uid: uid(id),
        nick_name: format!("하늘-{id}").into(),
        profile_image: Some("/sky.svg".into()),
    }
}

/// The numbered user.
pub(crate) fn numbered(n: usize) -> Profile {
    user(&format!("u{n}"))
}

pub(crate) fn playlist(id: &str) -> Playlist {
    let music = |id: &str, playtime: &str| Music {
        id: id.into(),
        title: "노래".into(),
        artist: "Sky".into(),
        playtime: playtime.into(),
        thumbnail: "/music.svg".into(),
    };
    Playlist {
        id: id.into(),
        name: format!("Playlist {id}").into(),
        musics: [music("m1", "3:07"), music("m2", "0:45")].into(),
    }
}

/// A new room of this playlist, begun that many milliseconds after the tests' beginning.
pub(crate) fn room_of(playlist_id: &str, began_ms: u64) -> Room {
    Room {
        id: RoomId::new(),
        owner: user("owner"),
        playlist: playlist(playlist_id),
        created_at: at(began_ms),
        live: false,
        indexed: false,
    }
}

/// That many ids of rooms.
pub(crate) fn room_ids(count: usize) -> Vec<RoomId> {
    (0..count).map(|_| RoomId::new()).collect()
}

/// The id of a new room that is in this part of a log of `count` parts.
pub(crate) fn room_id_in(partition: Partition, count: u16) -> RoomId {
    let ids = std::iter::repeat_with(RoomId::new);
    let mut fitting = ids.filter(|id| id.partition(count) == partition);
    fitting.next().expect("an id in every part")
}

/// A new room in each part of a log of `count` parts.
pub(crate) fn room_id_in_each(count: u16) -> Vec<RoomId> {
    let parts = (0..count).map(Partition);
    parts
        .map(|partition| room_id_in(partition, count))
        .collect()
}
