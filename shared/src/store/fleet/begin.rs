//! The log as it was begun, seen at each start to be the same one still.

use super::OpenError;
use crate::domain::event::Partition;
use crate::store::dynamodb::{Dynamo, Topic};
use crate::store::fleet::FleetSettings;
use crate::store::kafka::{TopicError, survey};

/// Begins the log where nobody has, and sees that the topic is the one that was recorded.
///
/// # Errors
/// Where it has another number of partitions, or was made anew.
pub(super) async fn begin(
    settings: &FleetSettings,
    dynamo: &Dynamo,
    partitions: u16,
) -> Result<Topic, OpenError> {
    let topic = Topic::begin(dynamo, partitions).await?;
    let marks = topic.marks(dynamo, partitions).await?;
    let through = marks
        .iter()
        .map(|mark| mark.map_or(0, |(through, _)| through));
    let through = Partition::of_each(through);
    let found = survey(&settings.kafka, &through).await?;
    let topic = topic
        .check(dynamo, (&marks, &found), settings.new_epoch)
        .await?;
    if topic.partitions == partitions {
        return Ok(topic);
    }
    Err(OpenError::Topic(TopicError::Partitions {
        topic: settings.kafka.topic.clone(),
        found: partitions,
        wanted: topic.partitions,
    }))
}
