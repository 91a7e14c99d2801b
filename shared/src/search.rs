//! The search server: it is told of every room that begins, at least once; by HTTP, or by a topic that it reads.

use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::config::{ConfigError, Env};
use crate::domain::room::{Room, RoomId};
use crate::outbound::{Endpoint, Outbound, OutboundError};
#[cfg(feature = "fleet")]
use crate::store::fleet::IndexTopic;

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

/// The way to the search server, or none. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Search(Way);

#[derive(Clone, Debug)]
enum Way {
    Off,
    Http(Box<(Outbound, Endpoint)>),
    #[cfg(feature = "fleet")]
    Topic(IndexTopic),
}

impl Search {
    /// The search server at this URL, or none.
    ///
    /// # Errors
    /// Where `url` is no address that can be called.
    pub fn new(outbound: Outbound, url: Option<&str>) -> Result<Self, OutboundError> {
        let Some(url) = url else {
            return Ok(Self(Way::Off));
        };
        let endpoint = Endpoint::parse(&format!("{url}{PATH}"))?;
        Ok(Self(Way::Http(Box::new((outbound, endpoint)))))
    }

    /// The one that `SEARCH_URL` names, or none.
    ///
    /// # Errors
    /// Where it is no address that can be called.
    pub fn read(env: &Env, outbound: &Outbound) -> Result<Self, ConfigError> {
        let url = env.url("SEARCH_URL")?;
        let search = Self::new(outbound.clone(), url.as_deref());
        search.map_err(|why| ConfigError::new("SEARCH_URL", why.to_string()))
    }

    /// The same, or, where there is no URL, the search server that reads this topic.
    #[cfg(feature = "fleet")]
    #[must_use]
    pub fn or_topic(self, topic: Option<IndexTopic>) -> Self {
        match (&self.0, topic) {
            (Way::Off, Some(topic)) => Self(Way::Topic(topic)),
            _ => self,
        }
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self.0, Way::Off)
    }

    /// Tells it of a room, and waits at most `wait_ms` milliseconds for it, or for the topic, to acknowledge.
    ///
    /// # Errors
    /// Where it did not acknowledge.
    pub async fn index(&self, room: &Room, wait_ms: u64) -> Result<(), SearchError> {
        let entry = Entry {
            room_id: room.id,
            room_name: &room.playlist.name,
            playlist_id: &room.playlist.id,
            thumbnail_image: room.playlist.musics.first().map_or("", |m| &m.thumbnail),
        };
        let wait = Duration::from_millis(wait_ms);
        match &self.0 {
            Way::Off => Err(SearchError::Off),
            Way::Http(to) => post(&to.0, &to.1, &entry, wait).await,
            #[cfg(feature = "fleet")]
            Way::Topic(topic) => put(topic, &entry, wait).await,
        }
    }
}

async fn post(
    outbound: &Outbound,
    endpoint: &Endpoint,
    entry: &Entry<'_>,
    wait: Duration,
) -> Result<(), SearchError> {
    let posted = outbound.post_json(endpoint, entry, wait).await;
    posted.map_err(|why| match why {
        OutboundError::Status { .. } => SearchError::Refused(why.to_string()),
        _ => SearchError::NoAnswer(why.to_string()),
    })
}

#[cfg(feature = "fleet")]
async fn put(topic: &IndexTopic, entry: &Entry<'_>, wait: Duration) -> Result<(), SearchError> {
    let json = serde_json::to_vec(entry).map_err(|why| SearchError::Refused(why.to_string()))?;
    let key = entry.room_id.to_string();
    match tokio::time::timeout(wait, topic.put(&key, &json)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(SearchError::NoAnswer(why.to_string())),
        Err(_) => Err(SearchError::NoAnswer("no acknowledgement in time".into())),
    }
}
