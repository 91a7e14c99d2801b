//! Playlists, and what of them is playing: a pure function of the time.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::Timestamp;
use crate::error::{Error, Result};

/// One track of a playlist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Music {
    /// The playlist server's id for it, or its index where that gave none.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// The track's title, up to 200 characters.
    #[schema(value_type = String)]
    pub title: Arc<str>,
    /// Who plays it, up to 200 characters.
    #[schema(value_type = String)]
    pub artist: Arc<str>,
    /// Its length as it was given, `m:ss` or `h:mm:ss`.
    #[schema(value_type = String)]
    pub playtime: Arc<str>,
    /// The address of its picture.
    #[schema(value_type = String)]
    pub thumbnail: Arc<str>,
}

/// A copy of a playlist, taken when the chat on it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Playlist {
    /// The playlist server's id.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// Its name, which is the room's name too.
    #[schema(value_type = String)]
    pub name: Arc<str>,
    /// 1 to 500 tracks.
    #[schema(value_type = Vec<Music>, min_items = 1, max_items = 500)]
    pub musics: Arc<[Music]>,
}

/// Reads a track's length, `m:ss` (up to 999 minutes) or `h:mm:ss` (up to 99 hours), into seconds.
///
/// # Errors
/// `Invalid`, naming `field`, for any other form and for a length of zero.
pub fn playtime_s(field: impl fmt::Display, text: &str) -> Result<u64> {
    let mut parts = text.split(':');
    let seconds = match [(); 4].map(|()| parts.next()) {
        [Some(m), Some(s), None, _] => digits(m, 1, 3).zip(under_60(s)).map(|(m, s)| m * 60 + s),
        [Some(h), Some(m), Some(s), None] => digits(h, 1, 2)
            .zip(under_60(m))
            .zip(under_60(s))
            .map(|((h, m), s)| h * 3600 + m * 60 + s),
        _ => None,
    };
    seconds.filter(|s| *s > 0).ok_or_else(|| {
        Error::invalid(
            field.to_string(),
            "must be m:ss or h:mm:ss, and more than zero",
        )
    })
}

fn under_60(text: &str) -> Option<u64> {
    digits(text, 2, 2).filter(|n| *n < 60)
}

fn digits(text: &str, min: usize, max: usize) -> Option<u64> {
    let fits = (min..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// What is playing at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NowPlaying {
    /// The track.
    #[schema(value_type = String)]
    pub music_id: Arc<str>,
    /// Its place in the playlist, from 0.
    pub index: usize,
    /// How far into the track, in milliseconds.
    pub position_ms: u64,
    /// When this turn of the track began.
    pub started_at: Timestamp,
    /// The time this was worked out for.
    pub server_time: Timestamp,
}

/// A playlist looping from a moment on.
#[derive(Clone, Debug)]
pub struct Schedule {
    from: Timestamp,
    /// (id, the end of the track from the loop's beginning in ms)
    tracks: Vec<(Arc<str>, u64)>,
}

impl Schedule {
    /// The loop of a playlist that began at `from`. Tracks whose length can't be read last a second:
    /// none such passes the door, and a stored one must not stop the room.
    #[must_use]
    pub fn new(playlist: &Playlist, from: Timestamp) -> Self {
        let mut end_ms = 0;
        let tracks = playlist.musics.iter().map(|music| {
            end_ms += playtime_s("playtime", &music.playtime).unwrap_or(1) * 1000;
            (music.id.clone(), end_ms)
        });
        Self {
            from,
            tracks: tracks.collect(),
        }
    }

    /// When the loop began.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// What is playing at `now`. A time before the beginning counts as the beginning.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> NowPlaying {
        let total_ms = self.tracks.last().map_or(1, |t| t.1);
        let elapsed_ms = now.ms().saturating_sub(self.from.ms());
        let in_loop_ms = elapsed_ms % total_ms;
        let index = self.tracks.partition_point(|t| t.1 <= in_loop_ms);
        let began_ms = index
            .checked_sub(1)
            .map_or(0, |before| self.tracks[before].1);
        let music_id = self
            .tracks
            .get(index)
            .map_or_else(|| "".into(), |t| t.0.clone());
        NowPlaying {
            music_id,
            index,
            position_ms: in_loop_ms - began_ms,
            started_at: self.from.plus_ms(elapsed_ms - in_loop_ms + began_ms),
            server_time: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playlist(lengths: &[&str]) -> Playlist {
        let musics = lengths.iter().enumerate().map(|(i, length)| Music {
            id: format!("m{i}").into(),
            title: "t".into(),
            artist: "a".into(),
            playtime: (*length).into(),
            thumbnail: "/t.svg".into(),
        });
        Playlist {
            id: "p".into(),
            name: "n".into(),
            musics: musics.collect(),
        }
    }

    #[test]
    fn lengths_are_read_exactly() {
        for (text, seconds) in [
            ("0:01", 1),
            ("3:07", 187),
            ("75:00", 4500),
            ("1:02:03", 3723),
        ] {
            assert_eq!(playtime_s("p", text).unwrap(), seconds, "{text}");
        }
        for bad in [
            "", "3", "3:7", "3:60", "0:00", "0:00:00", "1:60:00", "-1:00", "+1:00", " 3:07",
            "3:07 ", "1:2:03", "1:1:1:1", "1000:00", "٣:٠٧",
        ] {
            assert!(playtime_s("p", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_playlist_loops_from_its_beginning() {
        let from = Timestamp::from_ms(1_000_000);
        let schedule = Schedule::new(&playlist(&["0:10", "0:05"]), from);
        for (after_ms, id, position_ms, started_ms) in [
            (0, "m0", 0, 0),
            (9_999, "m0", 9_999, 0),
            (10_000, "m1", 0, 10_000),
            (14_999, "m1", 4_999, 10_000),
            (15_000, "m0", 0, 15_000),
            (
                15_000 * 1_000_000 + 12_345,
                "m1",
                2_345,
                15_000 * 1_000_000 + 10_000,
            ),
        ] {
            let playing = schedule.at(from.plus_ms(after_ms));
            assert_eq!(&*playing.music_id, id);
            assert_eq!(playing.position_ms, position_ms);
            assert_eq!(playing.started_at, from.plus_ms(started_ms));
        }
    }

    #[test]
    fn a_clock_that_runs_behind_sees_the_beginning() {
        let schedule = Schedule::new(&playlist(&["0:10"]), Timestamp::from_ms(5_000));
        let playing = schedule.at(Timestamp::from_ms(1));
        assert_eq!((playing.index, playing.position_ms), (0, 0));
    }
}
