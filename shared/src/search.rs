//! The search server: it is told of every room that begins, at least once.

use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::domain::room::{Room, RoomId};
use crate::outbound::{Endpoint, Outbound, OutboundError};

/// Where the search server takes rooms, below its URL.
const PATH: &str = "/search/index/send";

/// Why a room was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError {
    /// There is no search server.
    #[error("no search server is configured")]
    Off,
    /// It answered, and not with a success.
    #[error("the search server refused: {0}")]
    Refused(String),
    /// It did not answer in time.
    #[error("the search server did not answer: {0}")]
    NoAnswer(String),
}

/// What the search server is told of a room.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    room_id: RoomId,
    room_name: &'a str,
    playlist_id: &'a str,
    thumbnail_image: &'a str,
}

/// The way to the search server, by HTTP; or none. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Search(Option<(Outbound, Endpoint)>);

impl Search {
    /// The search server at this URL, or none.
    ///
    /// # Errors
    /// Where `url` is no address that can be called.
    pub fn new(outbound: Outbound, url: Option<&str>) -> Result<Self, OutboundError> {
        let endpoint = url
            .map(|url| Endpoint::parse(&format!("{url}{PATH}")))
            .transpose()?;
        Ok(Self(endpoint.map(|endpoint| (outbound, endpoint))))
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells it of a room, and waits at most `wait_ms` milliseconds for it to acknowledge.
    ///
    /// # Errors
    /// Where it did not acknowledge.
    pub async fn index(&self, room: &Room, wait_ms: u64) -> Result<(), SearchError> {
        let (outbound, endpoint) = self.0.as_ref().ok_or(SearchError::Off)?;
        let entry = Entry {
            room_id: room.id,
            room_name: &room.playlist.name,
            playlist_id: &room.playlist.id,
            thumbnail_image: room.playlist.musics.first().map_or("", |m| &m.thumbnail),
        };
        let wait = Duration::from_millis(wait_ms);
        outbound
            .post_json(endpoint, &entry, wait)
            .await
            .map_err(|why| match why {
                OutboundError::Status { .. } => SearchError::Refused(why.to_string()),
                _ => SearchError::NoAnswer(why.to_string()),
            })
    }
}
