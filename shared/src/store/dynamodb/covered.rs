//! How far each part of the log is recorded: all before it is in history, and nothing need be recorded again.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use super::item::{Reader, number, text};
use super::{Dynamo, unavailable};
use crate::domain::event::Partition;
use crate::domain::time::Timestamp;
use crate::error::Result;

/// What errors call this.
const STORE: &str = "history";

/// How far the log of one epoch is recorded. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Covered {
    dynamo: Dynamo,
    epoch: u16,
}

impl Covered {
    pub(in crate::store) fn new(dynamo: Dynamo, epoch: u16) -> Self {
        Self { dynamo, epoch }
    }

    fn key(&self, partition: Partition) -> String {
        format!("covered/{}/{}", self.epoch, partition.0)
    }

    /// The offset before which everything of this part is recorded.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn get(&self, partition: Partition) -> Result<u64> {
        Ok(self
            .mark(partition)
            .await?
            .map_or(0, |(through, _)| through))
    }

    /// The same, with the log's time of the last record before it; none where nothing is recorded.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn mark(
        &self,
        partition: Partition,
    ) -> Result<Option<(u64, Timestamp)>> {
        let got = self
            .dynamo
            .client
            .get_item()
            .table_name(&self.dynamo.log)
            .key("key", text(self.key(partition)))
            .consistent_read(true)
            .send()
            .await;
        let Some(item) = got.map_err(|why| unavailable(STORE, &why))?.item else {
            return Ok(None);
        };
        let reader = Reader {
            store: STORE,
            item: &item,
        };
        let at = Timestamp::from_ms(reader.number("at")?);
        Ok(Some((reader.number("through")?, at)))
    }

    /// Notes that everything before `offset` is recorded, the last of it from that time. It never goes back.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn forward(
        &self,
        partition: Partition,
        offset: u64,
        at: Timestamp,
    ) -> Result<()> {
        let put = self
            .dynamo
            .client
            .put_item()
            .table_name(&self.dynamo.log)
            .item("key", text(self.key(partition)))
            .item("through", number(offset))
            .item("at", number(at.ms()))
            .condition_expression("attribute_not_exists(through) OR through < :through")
            .expression_attribute_values(":through", number(offset))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            // Another recorder has got further.
            Err(why) if why.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(why) => Err(unavailable(STORE, &why)),
        }
    }
}
