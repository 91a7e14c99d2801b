//! What the recorder writes: messages, each sender's own count, what a room comes to, verdicts, debts.
//!
//! | `pk` | `id` | what |
//! |---|---|---|
//! | room | message | `archived`: the message; `talks`: TALKs of the room up to and with it |
//! | room/sender | message | `own`: TALKs of that sender in the room up to and with it |
//! | summary/room | `@` | `summary`: what the room comes to; `through`: the last record it knows of |
//! | verdict/room | message | a message of a function that is not shown: `first`, where it is a repeat |
//! | debts/partition | room | `live`, `through`: what MongoDB was not told yet of the room |
//!
//! Every row is a function of the log, so writing one again writes the same.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

use super::item::{Item, Reader, json, number, text};
use super::{Dynamo, is_busy, unavailable};
use crate::domain::event::Partition;
use crate::domain::judge::Verdict;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::Error;
use crate::store::{Archived, Summary};

/// What errors call this.
pub(super) const STORE: &str = "history";
/// Rows in one call, as many as DynamoDB takes.
const BATCH_MAX: usize = 25;
/// Calls of this process at once that write rows: enough to keep up, and few enough that whoever joins meanwhile is not
/// kept waiting by them.
const CALLS_MAX: usize = 8;
/// The first pause before rows that DynamoDB did not take are sent again; it doubles.
const PAUSE: Duration = Duration::from_millis(20);
/// How often they are sent again before the whole is tried anew.
const TRIES_MAX: usize = 8;
/// Seconds for which a verdict is kept; who asks does so at once.
const VERDICT_KEPT_S: u64 = 3_600;
/// The id of a room's summary; no message's id looks like it.
const SUMMARY: &str = "@";

/// What a room comes to, and the last record that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct RoomSum {
    pub(in crate::store) summary: Summary,
    /// `None` where nothing is.
    pub(in crate::store) through: Option<MessageId>,
}

/// How many TALKs of one sender a room has, up to and with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct OwnTalk {
    pub(in crate::store) room: RoomId,
    pub(in crate::store) sender: Uid,
    pub(in crate::store) id: MessageId,
    pub(in crate::store) own: u64,
}

/// Reads and writes rows. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Rows {
    dynamo: Dynamo,
    calls: Arc<Semaphore>,
}

pub(super) fn message_key(room: RoomId, id: MessageId) -> Item {
    key(room.to_string(), id.to_string())
}

pub(super) fn own_of(room: RoomId, uid: &Uid) -> String {
    format!("{room}/{uid}")
}

pub(super) fn summary_key(room: RoomId) -> Item {
    key(format!("summary/{room}"), SUMMARY.into())
}

pub(super) fn verdict_key(room: RoomId, id: MessageId) -> Item {
    key(format!("verdict/{room}"), id.to_string())
}

fn debts_of(partition: Partition) -> String {
    format!("debts/{}", partition.0)
}

fn key(pk: String, id: String) -> Item {
    [("pk".into(), text(pk)), ("id".into(), text(id))].into()
}

/// A message's row.
pub(in crate::store) fn message_row(archived: &Archived, talks: u64) -> Item {
    let mut row = message_key(archived.message.room_id, archived.message.id);
    row.insert("archived".into(), json(archived));
    row.insert("talks".into(), number(talks));
    row
}

/// The row of a sender's own count.
pub(in crate::store) fn own_row(own: &OwnTalk) -> Item {
    let mut row = key(own_of(own.room, &own.sender), own.id.to_string());
    row.insert("own".into(), number(own.own));
    row
}

/// The row of a verdict; none for a message that is shown, which has a row of its own.
pub(in crate::store) fn verdict_row(room: RoomId, id: MessageId, verdict: Verdict) -> Option<Item> {
    let mut row = verdict_key(room, id);
    match verdict {
        Verdict::Shown(_) => return None,
        Verdict::Repeat(first) => {
            row.insert("first".into(), text(first.to_string()));
        }
        Verdict::Void => {}
    }
    let expires_s = Timestamp::now().ms() / 1_000 + VERDICT_KEPT_S;
    row.insert("expires".into(), number(expires_s));
    Some(row)
}

impl Rows {
    pub(in crate::store) fn new(dynamo: Dynamo) -> Self {
        let calls = Arc::new(Semaphore::new(CALLS_MAX));
        Self { dynamo, calls }
    }

    /// Writes rows, whatever was there.
    ///
    /// # Errors
    /// `Unavailable`; some of them may be written.
    pub(in crate::store) async fn put_all(&self, rows: Vec<Item>) -> Result<(), Error> {
        let mut batches = vec![];
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            batches.push(rows.by_ref().take(BATCH_MAX).collect::<Vec<_>>());
        }
        stream::iter(batches)
            .map(|batch| self.put_batch(batch))
            .buffer_unordered(CALLS_MAX)
            .try_collect()
            .await
    }

    async fn put_batch(&self, rows: Vec<Item>) -> Result<(), Error> {
        let mut requests = vec![];
        for row in rows {
            let put = PutRequest::builder().set_item(Some(row)).build();
            let put = put.map_err(|why| super::broken(STORE, &why))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        let mut pause = PAUSE;
        for _ in 0..TRIES_MAX {
            // It is closed by nobody.
            let turn = self.calls.acquire().await;
            let sent = self
                .dynamo
                .client
                .batch_write_item()
                .request_items(&self.dynamo.history, requests.clone())
                .send()
                .await;
            drop(turn);
            match sent {
                Ok(sent) => {
                    let left = sent.unprocessed_items.unwrap_or_default();
                    requests = left.into_values().flatten().collect();
                    if requests.is_empty() {
                        return Ok(());
                    }
                }
                // Where no answer came they may be written; writing them again writes the same.
                Err(why) if is_busy(&why) || why.as_service_error().is_none() => {}
                Err(why) => return Err(unavailable(STORE, &why)),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Error::Unavailable(STORE))
    }

    async fn get(&self, key: Item) -> Result<Option<Item>, Error> {
        let got = self
            .dynamo
            .client
            .get_item()
            .table_name(&self.dynamo.history)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(got.map_err(|why| unavailable(STORE, &why))?.item)
    }

    /// The message with this id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn message(
        &self,
        room: RoomId,
        id: MessageId,
    ) -> Result<Option<Archived>, Error> {
        let item = self.get(message_key(room, id)).await?;
        item.as_ref().map(archived).transpose()
    }

    /// What a room comes to.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn sum(&self, room: RoomId) -> Result<RoomSum, Error> {
        let Some(item) = self.get(summary_key(room)).await? else {
            return Ok(RoomSum::default());
        };
        let reader = Reader {
            store: STORE,
            item: &item,
        };
        Ok(RoomSum {
            summary: reader.json("summary")?,
            through: reader.optional_id("through")?,
        })
    }

    /// Writes what a room comes to, unless more is known already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn put_sum(&self, room: RoomId, sum: &RoomSum) -> Result<(), Error> {
        let Some(through) = sum.through else {
            return Ok(());
        };
        let mut row = summary_key(room);
        row.insert("summary".into(), json(&sum.summary));
        row.insert("through".into(), text(through.to_string()));
        let put = self
            .dynamo
            .client
            .put_item()
            .table_name(&self.dynamo.history)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(through) OR through < :through")
            .expression_attribute_values(":through", text(through.to_string()))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(why) if why.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(why) => Err(unavailable(STORE, &why)),
        }
    }

    /// What MongoDB was not told yet of rooms in a part of the log: whether they are live, and by which record.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn debts(
        &self,
        partition: Partition,
    ) -> Result<Vec<(RoomId, bool, MessageId)>, Error> {
        let (mut debts, mut start) = (vec![], None);
        loop {
            let found = self
                .dynamo
                .client
                .query()
                .table_name(&self.dynamo.history)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(debts_of(partition)))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|why| unavailable(STORE, &why))?;
            for item in found.items() {
                let reader = Reader { store: STORE, item };
                let room = RoomId::parse("id", reader.text("id")?)?;
                let through = MessageId::parse("through", reader.text("through")?)?;
                debts.push((room, reader.flag("live")?, through));
            }
            start = found.last_evaluated_key;
            if start.is_none() {
                return Ok(debts);
            }
        }
    }

    /// Writes such a debt.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn put_debt(
        &self,
        partition: Partition,
        room: RoomId,
        live: bool,
        through: MessageId,
    ) -> Result<(), Error> {
        let mut row = key(debts_of(partition), room.to_string());
        row.insert("live".into(), AttributeValue::Bool(live));
        row.insert("through".into(), text(through.to_string()));
        self.put_all(vec![row]).await
    }

    /// Strikes such a debt off.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn strike_debt(
        &self,
        partition: Partition,
        room: RoomId,
    ) -> Result<(), Error> {
        let deleted = self
            .dynamo
            .client
            .delete_item()
            .table_name(&self.dynamo.history)
            .set_key(Some(key(debts_of(partition), room.to_string())))
            .send()
            .await;
        deleted.map(|_| ()).map_err(|why| unavailable(STORE, &why))
    }

    /// A number in the newest row of `pk` before `before`, or of all; 0 where there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn newest_number(
        &self,
        pk: String,
        before: Option<&str>,
        name: &str,
    ) -> Result<u64, Error> {
        let found = self
            .dynamo
            .client
            .query()
            .table_name(&self.dynamo.history)
            .key_condition_expression("pk = :pk AND id < :before")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":before", text(before.unwrap_or(AFTER_ALL)))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(|why| unavailable(STORE, &why))?;
        match found.items().first() {
            Some(item) => Reader { store: STORE, item }.number(name),
            None => Ok(0),
        }
    }

    /// How many TALKs of a sender a room has before a message.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn own_before(
        &self,
        room: RoomId,
        sender: &Uid,
        before: MessageId,
    ) -> Result<u64, Error> {
        let before = before.to_string();
        self.newest_number(own_of(room, sender), Some(&before), "own")
            .await
    }

    /// The verdict on a message that has no row of its own; none where there is none either.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn verdict(
        &self,
        room: RoomId,
        id: MessageId,
    ) -> Result<Option<Verdict>, Error> {
        let Some(item) = self.get(verdict_key(room, id)).await? else {
            return Ok(None);
        };
        let reader = Reader {
            store: STORE,
            item: &item,
        };
        let first = reader.optional_id("first")?;
        Ok(Some(first.map_or(Verdict::Void, Verdict::Repeat)))
    }
}

/// What sorts after every id.
pub(super) const AFTER_ALL: &str = "g";

/// What sorts right after an id, before every other.
pub(super) fn just_after(id: MessageId) -> String {
    format!("{id}!")
}

/// Reads a message's row.
pub(super) fn archived(item: &Item) -> Result<Archived, Error> {
    Reader { store: STORE, item }.json("archived")
}

/// How long a row's message is, in octets of JSON.
pub(super) fn octets(item: &Item) -> usize {
    let archived = item.get("archived").map(AttributeValue::as_s);
    archived.and_then(|text| text.ok()).map_or(0, String::len)
}
