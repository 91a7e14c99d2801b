//! History on DynamoDB. Newest pages come from Redis where there is one that surely has them.

use std::sync::Arc;

use async_trait::async_trait;

use super::item::{Item, text};
use super::rows::{self, AFTER_ALL, Rows, STORE, just_after};
use super::{Covered, Dynamo, Topic, unavailable};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::limits;
use crate::store::redis::Recent;
use crate::store::{Archived, History, Summary};

/// History on DynamoDB.
pub(in crate::store) struct DynamoHistory {
    dynamo: Dynamo,
    rows: Rows,
    covered: Covered,
    topic: Topic,
    recent: Option<Recent>,
}

/// What is asked for: from the first id to the last, in which direction.
struct Wanted {
    first: String,
    last: String,
    forward: bool,
    size: usize,
}

impl DynamoHistory {
    pub(in crate::store) fn new(dynamo: Dynamo, topic: Topic, recent: Option<Recent>) -> Arc<Self> {
        Arc::new(Self {
            rows: Rows::new(dynamo.clone()),
            covered: Covered::new(dynamo.clone(), topic.epoch),
            dynamo,
            topic,
            recent,
        })
    }

    /// The last id that may be shown: up to there a room's history is whole. Rows behind it may be there, and others
    /// before them not yet.
    async fn whole(&self, room: RoomId) -> Result<Option<MessageId>> {
        Ok(self.rows.sum(room).await?.through)
    }

    async fn page(&self, room: RoomId, wanted: Wanted) -> Result<Vec<Archived>> {
        let (mut page, mut octets, mut start) = (vec![], 0, None);
        while page.len() < wanted.size {
            let limit = i32::try_from(wanted.size - page.len()).unwrap_or(i32::MAX);
            let found = self
                .dynamo
                .client
                .query()
                .table_name(&self.dynamo.history)
                .key_condition_expression("pk = :pk AND id BETWEEN :first AND :last")
                .expression_attribute_values(":pk", text(room.to_string()))
                .expression_attribute_values(":first", text(&wanted.first))
                .expression_attribute_values(":last", text(&wanted.last))
                .scan_index_forward(wanted.forward)
                .consistent_read(true)
                .limit(limit)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|why| unavailable(STORE, &why))?;
            let items: Vec<Item> = found.items.unwrap_or_default();
            for item in &items {
                octets += rows::octets(item);
                if octets > limits::PAGE_BYTES_MAX && !page.is_empty() {
                    return Ok(page);
                }
                page.push(rows::archived(item)?);
            }
            start = found.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl History for DynamoHistory {
    async fn get(&self, room: RoomId, id: MessageId) -> Result<Option<Archived>> {
        self.rows.message(room, id).await
    }

    async fn after(
        &self,
        room: RoomId,
        after: Option<MessageId>,
        until: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        let until = match until {
            Some(until) => Some(until),
            None => self.whole(room).await?,
        };
        let Some(until) = until.filter(|until| after < Some(*until)) else {
            return Ok(vec![]);
        };
        let wanted = Wanted {
            first: after.map_or_else(|| "0".into(), just_after),
            last: until.to_string(),
            forward: true,
            size,
        };
        self.page(room, wanted).await
    }

    async fn before(
        &self,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>> {
        if let Some(recent) = &self.recent {
            let Topic { epoch, partitions } = self.topic;
            let partition = room.partition(partitions);
            let page = recent.before(room, partition, epoch, before, size);
            if let Some(page) = page.await {
                return Ok(page);
            }
        }
        let asked = before.map_or_else(
            || AFTER_ALL.into(),
            |id| just_before(id).unwrap_or_default(),
        );
        let whole = self.whole(room).await?;
        let last = whole
            .map_or(String::new(), |whole| whole.to_string())
            .min(asked);
        if last.is_empty() {
            return Ok(vec![]);
        }
        let wanted = Wanted {
            first: "0".into(),
            last,
            forward: false,
            size,
        };
        self.page(room, wanted).await
    }

    async fn summary(&self, room: RoomId) -> Result<Summary> {
        Ok(self.rows.sum(room).await?.summary)
    }

    async fn unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64> {
        let at_mark = mark.map(just_after);
        let (before, own) = (at_mark.as_deref(), rows::own_of(room, uid));
        let none_read = before.is_none();
        let read = async {
            match none_read {
                true => Ok(0),
                false => {
                    self.rows
                        .newest_number(room.to_string(), before, "talks")
                        .await
                }
            }
        };
        let own_read = async {
            match none_read {
                true => Ok(0),
                false => self.rows.newest_number(own.clone(), before, "own").await,
            }
        };
        let (all, all_own, read, own_read) = tokio::try_join!(
            self.rows.newest_number(room.to_string(), None, "talks"),
            self.rows.newest_number(own.clone(), None, "own"),
            read,
            own_read,
        )?;
        let others = all.saturating_sub(all_own);
        let others_read = read.saturating_sub(own_read);
        Ok(others.saturating_sub(others_read).min(limits::UNREAD_MAX))
    }

    async fn covered(&self, room: RoomId) -> Result<u64> {
        self.covered
            .get(room.partition(self.topic.partitions))
            .await
    }
}

/// The last id before this one; none before the first.
fn just_before(id: MessageId) -> Option<String> {
    let before = match (id.index, id.offset, id.epoch) {
        (0, 0, 0) => return None,
        (0, 0, epoch) => MessageId::last_of(epoch - 1, u64::MAX),
        (0, offset, epoch) => MessageId::last_of(epoch, offset - 1),
        (index, offset, epoch) => MessageId {
            epoch,
            offset,
            index: index - 1,
        },
    };
    Some(before.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_between_an_id_and_the_last_before_it() {
        let id = |epoch, offset, index| MessageId {
            epoch,
            offset,
            index,
        };
        assert_eq!(just_before(id(0, 0, 0)), None);
        for (of, before) in [
            (id(0, 0, 1), id(0, 0, 0)),
            (id(0, 7, 0), id(0, 6, 255)),
            (id(3, 0, 0), id(2, u64::MAX, 255)),
            (id(3, 9, 5), id(3, 9, 4)),
        ] {
            assert_eq!(just_before(of), Some(before.to_string()));
            assert!(just_after(before) < of.to_string());
        }
    }
}
