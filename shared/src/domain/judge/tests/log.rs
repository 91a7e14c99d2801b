//! A log made up for tests, with a time of its own.

use std::sync::Arc;

use crate::domain::event::{
    Event, Fact, Line, MemberChange, MemberEvent, Partition, Playing, Record, Said,
};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::{Profile, Uid};

/// Records in their order.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) now_ms: u64,
    pub(super) records: Vec<Arc<Record>>,
}

impl Log {
    pub(super) fn put(&mut self, fact: Fact) -> Arc<Record> {
        let offset = self.records.len() as u64;
        let at = at(self.now_ms);
        let record = Arc::new(Record {
            partition: Partition::default(),
            offset,
            at,
            append: None,
            fact,
        });
        self.records.push(record.clone());
        record
    }
}

/// That many milliseconds after the log began.
pub(super) fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(1_000_000_000 + ms)
}

pub(super) fn room(n: u8) -> RoomId {
    RoomId::from_bytes([n; 16])
}

pub(super) fn user(n: u8) -> Profile {
    Profile {
        uid: Uid::parse("uid", &format!("u{n}")).unwrap(),
        nick_name: "하늘".into(),
        profile_image: None,
    }
}

pub(super) fn line() -> Line {
    Line {
        content: "안녕".into(),
        client_message_id: None,
        at: Timestamp::from_ms(5),
        playing: Playing {
            music_id: "m1".into(),
            position_ms: 5,
        },
        headers: vec![],
    }
}

/// A line with its sender's own id.
pub(super) fn named(n: u8) -> Line {
    Line {
        client_message_id: Some(format!("c{n}").into()),
        ..line()
    }
}

pub(super) fn said(sender: u8, as_of: u64, lines: Vec<Line>) -> Event {
    Event::Said(Said {
        sender: user(sender),
        as_of,
        lines,
        origin: None,
        trace: None,
    })
}

pub(super) fn member(who: u8, version: u64, change: MemberChange) -> Event {
    Event::Member(MemberEvent {
        who: user(who),
        version,
        at: Timestamp::from_ms(5),
        change,
        playing: None,
    })
}
