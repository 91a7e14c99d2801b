//! Rooms with their playlists on MongoDB, one document each.
//!
//! Only what MongoDB, Amazon DocumentDB and FerretDB share is used: single documents, a unique index, filters by
//! key. No transaction, no lookup, no retry by the driver.
//!
//! | field | what |
//! |---|---|
//! | `_id` | the room's id |
//! | `playlistId` | unique: a playlist has one room |
//! | `owner`, `playlist` | as they were when the chat began |
//! | `createdAt` | milliseconds since 1970 |
//! | `live`, `liveThrough` | whether it has a member, and the record of the log that said so last |
//! | `indexed` | whether the search server has acknowledged this beginning of the room |

use std::future::IntoFuture;
use std::time::Duration;

use ::mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use ::mongodb::error::{Error as MongoError, ErrorKind, Result as MongoResult, WriteFailure};
use ::mongodb::options::{ClientOptions, IndexOptions};
use ::mongodb::{Client, Collection, IndexModel};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::config::ConfigError;
use crate::domain::message::MessageId;
use crate::domain::playlist::Playlist;
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::domain::user::Profile;
use crate::error::{Error, Result};
use crate::store::{Created, RoomCursor, Rooms, Which, failed};

/// What errors call this.
const STORE: &str = "the room store";
/// The database where the URI names none.
const DATABASE: &str = "chattingdb";
/// The one collection.
const COLLECTION: &str = "rooms";
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// How long the driver looks for a server that answers.
const SELECTION: Duration = Duration::from_secs(2);
/// How long an operation may take in all.
const OPERATION: Duration = Duration::from_secs(5);
/// The server's code for a key that is there already.
const DUPLICATE_KEY: i32 = 11_000;

/// A room as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoomDocument {
    /// As text: the form that sorts, and that other tools show.
    #[serde(rename = "_id")]
    id: String,
    playlist_id: String,
    owner: Profile,
    playlist: Playlist,
    created_at: i64,
    live: bool,
    indexed: bool,
}

impl From<&Room> for RoomDocument {
    fn from(room: &Room) -> Self {
        Self {
            id: room.id.to_string(),
            playlist_id: room.playlist.id.to_string(),
            owner: room.owner.clone(),
            playlist: room.playlist.clone(),
            created_at: ms(room.created_at),
            live: room.live,
            indexed: room.indexed,
        }
    }
}

impl RoomDocument {
    fn room(self) -> Result<Room> {
        let id = RoomId::parse("_id", &self.id).map_err(|why| failed(STORE, &why))?;
        Ok(Room {
            id,
            owner: self.owner,
            playlist: self.playlist,
            created_at: Timestamp::from_ms(u64::try_from(self.created_at).unwrap_or(0)),
            live: self.live,
            indexed: self.indexed,
        })
    }
}

/// A time as BSON has numbers. The latest time there is fits.
fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.ms()).unwrap_or(i64::MAX)
}

/// Rooms on MongoDB.
pub(super) struct MongoRooms {
    rooms: Collection<RoomDocument>,
    /// Whether the indexes are known to be there.
    indexes: OnceCell<()>,
}

impl MongoRooms {
    /// Takes the address. The driver connects by itself, so a start does not need MongoDB.
    ///
    /// # Errors
    /// Where the address is none of MongoDB.
    pub(super) async fn new(uri: &str) -> std::result::Result<Self, ConfigError> {
        let wrong = |_| {
            ConfigError::new(
                "MONGO_URI",
                "must be a URI such as mongodb://host:27017/chattingdb",
            )
        };
        let mut options = ClientOptions::parse(uri).await.map_err(wrong)?;
        options.app_name = Some("roomtone".into());
        options.connect_timeout = Some(CONNECT);
        options.server_selection_timeout = Some(SELECTION);
        options.retry_writes = Some(false);
        let name = options.default_database.clone();
        let client = Client::with_options(options).map_err(wrong)?;
        let database = client.database(name.as_deref().unwrap_or(DATABASE));
        Ok(Self {
            rooms: database.collection(COLLECTION),
            indexes: OnceCell::new(),
        })
    }

    /// Sees that there are the indexes: one of them is what keeps a playlist from having two rooms.
    async fn index(&self) -> Result<()> {
        let make = || async {
            let unique = IndexOptions::builder().unique(true).build();
            let index = |keys| IndexModel::builder().keys(keys).build();
            let indexes = [
                IndexModel::builder()
                    .keys(doc! {"playlistId": 1})
                    .options(unique)
                    .build(),
                index(doc! {"createdAt": -1, "_id": -1}),
                index(doc! {"live": 1, "createdAt": -1, "_id": -1}),
                index(doc! {"indexed": 1, "_id": 1}),
            ];
            // One at a time: FerretDB 1.24 breaks off where several of them are there already.
            for index in indexes {
                ask(self.rooms.create_index(index)).await?;
            }
            Ok(())
        };
        self.indexes.get_or_try_init(make).await.copied()
    }

    async fn find(&self, filter: Document) -> Result<Option<Room>> {
        let found = ask(self.rooms.find_one(filter)).await?;
        found.map(RoomDocument::room).transpose()
    }

    async fn list(&self, filter: Document, sort: Document, size: usize) -> Result<Vec<Room>> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let found = async {
            let cursor = self.rooms.find(filter).sort(sort).limit(size).await?;
            cursor.try_collect::<Vec<RoomDocument>>().await
        };
        let found = ask(found).await?;
        found.into_iter().map(RoomDocument::room).collect()
    }

    /// Changes the one room that fits; false where none does.
    async fn update(&self, filter: Document, set: Document) -> Result<bool> {
        let updated = ask(self.rooms.update_one(filter, doc! {"$set": set})).await?;
        Ok(updated.matched_count == 1)
    }

    /// Notes whether a room has a member, as the log said at `through`. What an earlier record said changes
    /// nothing any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn live(&self, id: RoomId, live: bool, through: MessageId) -> Result<()> {
        let through = through.to_string();
        let earlier = doc! {"$lt": &through};
        let filter = doc! {
            "_id": id.to_string(),
            "$or": [{"liveThrough": {"$exists": false}}, {"liveThrough": earlier}],
        };
        let set = doc! {"live": live, "liveThrough": through};
        self.update(filter, set).await.map(|_| ())
    }
}

/// Asks the server, within the time that an operation may take.
async fn ask<T>(operation: impl IntoFuture<Output = MongoResult<T>>) -> Result<T> {
    try_ask(operation).await?.map_err(|why| failed(STORE, &why))
}

/// The same, with the server's own word on what it refused.
async fn try_ask<T>(operation: impl IntoFuture<Output = MongoResult<T>>) -> Result<MongoResult<T>> {
    let answered = tokio::time::timeout(OPERATION, operation).await;
    answered.map_err(|_| failed(STORE, &"no answer in time"))
}

fn is_duplicate(why: &MongoError) -> bool {
    match &*why.kind {
        ErrorKind::Write(WriteFailure::WriteError(write)) => write.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// A value as BSON. What is written is plain data, so it can be.
fn bson(value: &impl Serialize) -> Bson {
    serialize_to_bson(value).unwrap_or(Bson::Null)
}

#[async_trait]
impl Rooms for MongoRooms {
    async fn get(&self, id: RoomId) -> Result<Option<Room>> {
        self.find(doc! {"_id": id.to_string()}).await
    }

    async fn by_playlist(&self, playlist_id: &str) -> Result<Option<Room>> {
        self.find(doc! {"playlistId": playlist_id}).await
    }

    async fn create(&self, room: &Room) -> Result<Created> {
        self.index().await?;
        let kept = RoomDocument::from(room);
        match try_ask(self.rooms.insert_one(kept)).await? {
            Ok(_) => Ok(Created::New),
            Err(why) if is_duplicate(&why) => {
                let there = self.by_playlist(&room.playlist.id).await?;
                there.map(Created::Exists).ok_or(Error::Unavailable(STORE))
            }
            Err(why) => Err(failed(STORE, &why)),
        }
    }

    async fn restart(&self, room: &Room, was: Timestamp) -> Result<bool> {
        let filter = doc! {"_id": room.id.to_string(), "live": false, "createdAt": ms(was)};
        let set = doc! {
            "owner": bson(&room.owner),
            "playlist": bson(&room.playlist),
            "createdAt": ms(room.created_at),
            "indexed": room.indexed,
        };
        self.update(filter, set).await
    }

    async fn page(
        &self,
        which: Which,
        before: Option<RoomCursor>,
        size: usize,
    ) -> Result<Vec<Room>> {
        let mut filter = match which {
            Which::All => doc! {},
            Which::Live => doc! {"live": true},
        };
        if let Some(RoomCursor { created_at, id }) = before {
            let at = ms(created_at);
            let same = doc! {"createdAt": at, "_id": {"$lt": id.to_string()}};
            filter.insert("$or", [doc! {"createdAt": {"$lt": at}}, same].as_slice());
        }
        self.list(filter, doc! {"createdAt": -1, "_id": -1}, size)
            .await
    }

    async fn unindexed(&self, after: Option<RoomId>, size: usize) -> Result<Vec<Room>> {
        let mut filter = doc! {"indexed": false};
        if let Some(after) = after {
            filter.insert("_id", doc! {"$gt": after.to_string()});
        }
        self.list(filter, doc! {"_id": 1}, size).await
    }

    async fn indexed(&self, id: RoomId, created_at: Timestamp) -> Result<()> {
        let filter = doc! {"_id": id.to_string(), "createdAt": ms(created_at)};
        self.update(filter, doc! {"indexed": true})
            .await
            .map(|_| ())
    }
}
