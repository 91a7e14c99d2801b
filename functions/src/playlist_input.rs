//! A playlist as the playlist server sends it, taken into the domain's form by its rules.

use std::fmt;
use std::sync::Arc;

use roomtone_shared::domain::playlist::{Music, Playlist, playtime_s};
use roomtone_shared::domain::user::image_url;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::input::{Id, Object, Text, name, required};
use crate::schema;

/// A playlist as the playlist server has it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PlaylistInput<'i> {
    /// Its id.
    #[serde(borrow)]
    #[schema(schema_with = schema::id, required = true)]
    id: Option<Id<'i>>,
    /// Its name, which is the room's.
    #[serde(borrow)]
    #[schema(schema_with = schema::name, required = true)]
    name: Option<Text<'i>>,
    /// Its tracks.
    #[serde(borrow)]
    #[schema(value_type = Vec<MusicInput>, required = true, min_items = 1, max_items = 500)]
    musics: Option<Vec<Object<MusicInput<'i>>>>,
}

/// A track.
#[derive(Deserialize, ToSchema)]
struct MusicInput<'i> {
    /// Its id; its place where absent.
    #[serde(borrow)]
    #[schema(schema_with = schema::id_if_any)]
    id: Option<Id<'i>>,
    /// Its title.
    #[serde(borrow)]
    #[schema(schema_with = schema::name, required = true)]
    title: Option<Text<'i>>,
    /// Who plays it.
    #[serde(borrow)]
    #[schema(schema_with = schema::name, required = true)]
    artist: Option<Text<'i>>,
    /// Its length, more than zero.
    #[serde(borrow)]
    #[schema(schema_with = schema::playtime, required = true)]
    playtime: Option<Text<'i>>,
    /// Its picture.
    #[serde(borrow)]
    #[schema(schema_with = schema::image_url, required = true)]
    thumbnail: Option<Text<'i>>,
}

impl PlaylistInput<'_> {
    /// Checks it; `at` is its own name in the body.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub(crate) fn check(self, at: &str) -> Result<Playlist> {
        let id = name(format_args!("{at}.id"), self.id.map(|id| id.0))?;
        let title = name(format_args!("{at}.name"), self.name)?;
        let field = format_args!("{at}.musics");
        let musics = required(field, self.musics)?;
        let max = limits::MUSICS_MAX;
        if !(1..=max).contains(&musics.len()) {
            let why = format!("must be 1 to {max} tracks");
            return Err(Error::invalid(field.to_string(), why));
        }
        let checked = musics
            .into_iter()
            .enumerate()
            .map(|(i, Object(music))| music.check(field, i));
        Ok(Playlist {
            id,
            name: title,
            musics: checked.collect::<Result<Arc<[Music]>>>()?,
        })
    }
}

impl MusicInput<'_> {
    fn check(self, list: fmt::Arguments<'_>, index: usize) -> Result<Music> {
        // Written out only where a field is against a rule.
        let at = |field| fmt::from_fn(move |f| write!(f, "{list}[{index}].{field}"));
        let by_place = || Text(index.to_string().into());
        let id = self.id.map_or_else(by_place, |Id(id)| id);
        let playtime = required(at("playtime"), self.playtime)?;
        playtime_s(at("playtime"), &playtime)?;
        Ok(Music {
            id: name(at("id"), Some(id))?,
            title: name(at("title"), self.title)?,
            artist: name(at("artist"), self.artist)?,
            playtime: (*playtime).into(),
            thumbnail: image_url(at("thumbnail"), &required(at("thumbnail"), self.thumbnail)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(playlist: Value) -> Result<Playlist> {
        serde_json::from_str::<PlaylistInput<'_>>(&playlist.to_string())
            .unwrap()
            .check("playlist")
    }

    fn music() -> Value {
        json!({"title": "t", "artist": "a", "playtime": "3:07", "thumbnail": "/t.svg"})
    }

    fn playlist_with(field: &str, value: Value) -> Value {
        let mut second = music();
        second[field] = value;
        json!({"id": "p", "name": "n", "musics": [music(), second]})
    }

    #[test]
    fn ids_are_texts_or_numbers_and_a_track_without_one_has_its_index() {
        let mut given = playlist_with("id", json!(77));
        given["id"] = json!(5);
        let playlist = check(given).unwrap();
        assert_eq!(&*playlist.id, "5");
        let ids: Vec<&str> = playlist.musics.iter().map(|m| &*m.id).collect();
        assert_eq!(ids, ["0", "77"]);
    }

    #[test]
    fn a_track_against_a_rule_is_named_by_its_place() {
        let long = "가".repeat(201);
        for (field, value) in [
            ("title", json!(null)),
            ("title", json!("")),
            ("title", json!(long)),
            ("artist", json!(long)),
            ("id", json!("")),
            ("playtime", json!("0:00")),
            ("playtime", json!("3:7")),
            ("playtime", json!(null)),
            ("thumbnail", json!("http://images.example/1.png")),
            (
                "thumbnail",
                json!(format!("https://images.example/{}", "x".repeat(2_048))),
            ),
            ("thumbnail", json!(null)),
        ] {
            let Err(Error::Invalid { field: named, .. }) = check(playlist_with(field, value))
            else {
                panic!("{field}")
            };
            assert_eq!(named, format!("playlist.musics[1].{field}"));
        }
    }

    #[test]
    fn a_playlist_has_1_to_500_tracks() {
        let of = |count| check(json!({"id": "p", "name": "n", "musics": vec![music(); count]}));
        assert!(of(500).is_ok());
        for count in [0, 501] {
            assert!(
                matches!(of(count), Err(Error::Invalid { field, .. }) if field == "playlist.musics")
            );
        }
    }
}
