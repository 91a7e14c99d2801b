//! What must stay the same about the log: its epoch, and how many parts it has.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use thiserror::Error;

use super::item::{Reader, number, text};
use super::{Covered, Dynamo, unavailable};
use crate::domain::event::Partition;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::kafka::Found;

/// The item's key.
const KEY: &str = "topic";
/// What errors call this.
const STORE: &str = "the log's item";

/// The log as it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Topic {
    pub(in crate::store) epoch: u16,
    pub(in crate::store) partitions: u16,
}

/// Why the log cannot be used as it is.
#[derive(Debug, Error)]
pub enum EpochError {
    /// DynamoDB does not answer.
    #[error("{0}")]
    Store(#[from] Error),
    /// No node has begun the log.
    #[error("no socket node has begun the log yet: start one first")]
    NotBegun,
    /// The log is not the one that was recorded.
    #[error(
        "the topic was made anew: partition {partition} {found}, and {covered} records of it are in history. \
         Nothing that was there is changed. If the old topic is lost for good, begin a new epoch: start one node with \
         ROOMTONE_NEW_EPOCH={next}"
    )]
    MadeAnew {
        /// The partition.
        partition: u16,
        /// What is found of it.
        found: String,
        /// How far it was recorded.
        covered: u64,
        /// The epoch that would be begun.
        next: u16,
    },
}

/// How far a part of the log is recorded, and the log's time of the last record of that.
pub(in crate::store) type Mark = Option<(u64, Timestamp)>;

/// The log as it was begun; none where it never was.
///
/// # Errors
/// `Unavailable`.
pub(in crate::store) async fn topic(dynamo: &Dynamo) -> Result<Option<Topic>> {
    let got = dynamo
        .client
        .get_item()
        .table_name(&dynamo.log)
        .key("key", text(KEY))
        .consistent_read(true)
        .send()
        .await;
    let item = match got {
        Ok(got) => got.item,
        // Whoever begins the log sees to the tables first.
        Err(why) if why.code() == Some("ResourceNotFoundException") => None,
        Err(why) => return Err(unavailable(STORE, &why)),
    };
    item.map(|item| {
        let reader = Reader {
            store: STORE,
            item: &item,
        };
        let small = |name| Ok::<_, Error>(u16::try_from(reader.number(name)?).unwrap_or(u16::MAX));
        Ok(Topic {
            epoch: small("epoch")?,
            partitions: small("partitions")?,
        })
    })
    .transpose()
}

impl Topic {
    /// Begins the log with so many parts, unless somebody has; gives it as it is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn begin(dynamo: &Dynamo, partitions: u16) -> Result<Self> {
        let first = Self {
            epoch: 0,
            partitions,
        };
        first.put(dynamo, "attribute_not_exists(epoch)", 0).await?;
        topic(dynamo).await?.ok_or(Error::Unavailable(STORE))
    }

    /// How far each part of the log is recorded.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(in crate::store) async fn marks(self, dynamo: &Dynamo, count: u16) -> Result<Vec<Mark>> {
        let covered = Covered::new(dynamo.clone(), self.epoch);
        let mut marks = vec![];
        for partition in 0..count {
            marks.push(covered.mark(Partition(partition)).await?);
        }
        Ok(marks)
    }

    /// Sees that every part of the log goes at least as far as it was recorded, and that what was recorded last still
    /// stands there. Where it does not, and the operator says by `wanted` that the next epoch is to begin, it begins.
    ///
    /// # Errors
    /// `MadeAnew`, or `Store`.
    pub(in crate::store) async fn check(
        self,
        dynamo: &Dynamo,
        (marks, found): (&[Mark], &[Found]),
        wanted: Option<u16>,
    ) -> std::result::Result<Self, EpochError> {
        let next = self.epoch.saturating_add(1);
        for (partition, (mark, part)) in (0..).zip(marks.iter().zip(found)) {
            let Some((covered, found)) = differs(*mark, *part) else {
                continue;
            };
            if wanted != Some(next) {
                return Err(EpochError::MadeAnew {
                    partition,
                    found,
                    covered,
                    next,
                });
            }
            let begun = Self {
                epoch: next,
                partitions: u16::try_from(marks.len()).unwrap_or(u16::MAX),
            };
            begun.put(dynamo, "epoch = :was", self.epoch).await?;
            tracing::warn!(epoch = next, "a new epoch begins");
            return topic(dynamo)
                .await?
                .ok_or(EpochError::Store(Error::Unavailable(STORE)));
        }
        Ok(self)
    }

    async fn put(self, dynamo: &Dynamo, condition: &str, was: u16) -> Result<()> {
        let mut put = dynamo
            .client
            .put_item()
            .table_name(&dynamo.log)
            .item("key", text(KEY))
            .item("epoch", number(self.epoch))
            .item("partitions", number(self.partitions))
            .condition_expression(condition);
        if condition.contains(":was") {
            put = put.expression_attribute_values(":was", number(was));
        }
        match put.send().await {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(why) if why.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(why) => Err(unavailable(STORE, &why)),
        }
    }
}

/// How a part of the log differs from what was recorded of it: how far that was, and what is found; none where it
/// may be the same.
fn differs(mark: Mark, part: Found) -> Option<(u64, String)> {
    let (covered, at) = mark?;
    if part.end < covered {
        return Some((covered, format!("ends at {}", part.end)));
    }
    let other = part.at.filter(|found| *found != at)?;
    Some((
        covered,
        format!("has a record of {other} where one of {at} was"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_was_made_anew_shows_by_its_end_or_by_a_record_of_another_time() {
        let at = Timestamp::from_ms;
        let mark = Some((10, at(7)));
        let found = |end, at| Found { end, at };
        for same in [
            found(10, Some(at(7))),
            found(11, Some(at(7))),
            found(11, None),
        ] {
            assert_eq!(differs(mark, same), None, "{same:?}");
        }
        assert_eq!(differs(None, found(0, None)), None);
        for other in [found(9, None), found(0, None), found(10, Some(at(8)))] {
            assert_eq!(
                differs(mark, other).map(|(covered, _)| covered),
                Some(10),
                "{other:?}"
            );
        }
    }
}
