//! A record as Kafka has it: the fact as JSON; in headers the append that it came by, and where it stands in a trace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rdkafka::Message;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};

use crate::domain::event::{AppendId, Event, Fact, Partition, Record, Said};
use crate::domain::time::Timestamp;
use crate::domain::trace::{TRACEPARENT, TraceContext};

/// The header with the append's id.
const APPEND: &str = "append";

/// The headers of a record that came by this append.
pub(super) fn headers(id: AppendId, trace: Option<TraceContext>) -> OwnedHeaders {
    let value = encode(id);
    let headers = OwnedHeaders::new_with_capacity(2).insert(Header {
        key: APPEND,
        value: Some(&value),
    });
    match trace {
        Some(trace) => headers.insert(Header {
            key: TRACEPARENT,
            value: Some(&trace.to_string()),
        }),
        None => headers,
    }
}

fn encode(id: AppendId) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.process.to_be_bytes());
    bytes[8..].copy_from_slice(&id.number.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<AppendId> {
    let (process, number) = bytes.split_first_chunk::<8>()?;
    Some(AppendId {
        process: u64::from_be_bytes(*process),
        number: u64::from_be_bytes(number.try_into().ok()?),
    })
}

/// The broker's own time of a message.
pub(super) fn time(message: &impl Message) -> Timestamp {
    let ms = message.timestamp().to_millis();
    Timestamp::from_ms(ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
}

/// Reads a message. One that cannot be read keeps its place, and says nothing.
pub(super) fn read(message: &BorrowedMessage<'_>) -> Arc<Record> {
    let (partition, offset) = (place(message.partition()), message.offset());
    let octets = message.payload().unwrap_or_default();
    let (append, trace) = told(message);
    let fact = match serde_json::from_slice(octets) {
        Ok(Fact::In(room, Event::Said(said))) => {
            Fact::In(room, Event::Said(Said { trace, ..said }))
        }
        Ok(fact) => fact,
        Err(why) => {
            let partition = partition.0;
            tracing::error!(partition, offset, %why, "a record cannot be read, and is passed over");
            Fact::Unreadable(octets.into())
        }
    };
    Arc::new(Record {
        partition,
        offset: u64::try_from(offset).unwrap_or(0),
        at: time(message),
        append,
        fact,
    })
}

/// The append that a message came by, and where it stands in a trace, where it says so.
fn told(message: &BorrowedMessage<'_>) -> (Option<AppendId>, Option<TraceContext>) {
    let Some(headers) = message.headers() else {
        return (None, None);
    };
    let find = || {
        let (mut append, mut trace) = (None, None);
        for header in headers.iter() {
            match (header.key, header.value) {
                (APPEND, Some(value)) => append = decode(value),
                (TRACEPARENT, Some(value)) => {
                    let text = std::str::from_utf8(value).ok();
                    trace = text.and_then(TraceContext::parse);
                }
                _ => {}
            }
        }
        (append, trace)
    };
    // The library panics at a header whose name is not UTF-8. Ours are; a stranger's must not stop all readers.
    catch_unwind(AssertUnwindSafe(find)).unwrap_or_default()
}

/// An offset as Kafka counts them; below 0 it stands for something else.
pub(super) fn offset(offset: i64) -> KafkaResult<u64> {
    u64::try_from(offset).map_err(|_| unknown())
}

/// The error of an offset that Kafka does not tell.
pub(super) fn unknown() -> KafkaError {
    KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownPartition)
}

/// A partition as Kafka numbers it.
pub(super) fn number(partition: Partition) -> i32 {
    i32::from(partition.0)
}

/// A partition by Kafka's number.
pub(super) fn place(number: i32) -> Partition {
    Partition(u16::try_from(number).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appends_id_goes_through_its_header() {
        for (process, number) in [(0, 0), (1, u64::MAX), (u64::MAX, 7)] {
            let id = AppendId { process, number };
            assert_eq!(decode(&encode(id)), Some(id));
        }
        for bad in [&[][..], &[1; 8], &[1; 15], &[1; 17]] {
            assert_eq!(decode(bad), None);
        }
    }
}
