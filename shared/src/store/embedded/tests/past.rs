//! Logs that were written at other times than now.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt;
use redb::Database;
use tempfile::TempDir;

use super::super::journal::Journal;
use super::super::{FILE, LOG_FILE, journal, open, tables};
use crate::domain::event::{
    Event, Fact, Line, MemberChange, MemberEvent, Partition, Playing, Record, Said,
};
use crate::domain::judge::Verdict;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::{Profile, Uid};
use crate::limits;
use crate::store::Stores;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const ROOM: [u8; 16] = [7; 16];

/// Files that nobody has open yet.
pub(super) struct Past {
    db: Database,
    log: PathBuf,
}

impl Past {
    pub(super) fn in_folder(folder: &TempDir) -> Self {
        let db = Database::create(folder.path().join(FILE)).unwrap();
        tables::create(&db).unwrap();
        let log = folder.path().join(LOG_FILE);
        Self { db, log }
    }

    pub(super) fn layout(self, layout: u64) {
        let txn = self.db.begin_write().unwrap();
        txn.open_table(tables::META)
            .unwrap()
            .insert("layout", layout)
            .unwrap();
        txn.commit().unwrap();
    }

    /// Writes records at these times, of which the tables know nothing yet.
    fn records(self, records: Vec<(Timestamp, Event)>) {
        let (_, mut file) = Journal::open(self.log, (journal::FIRST, 0)).unwrap();
        for (offset, (at, event)) in (0..).zip(records) {
            let record = Record {
                partition: Partition::default(),
                offset,
                at,
                append: None,
                fact: Fact::In(RoomId::from_bytes(ROOM), event),
            };
            file.put(&record).unwrap();
        }
        file.commit().unwrap();
    }
}

fn profile() -> Profile {
    Profile {
        uid: Uid::parse("uid", "u1").unwrap(),
        nick_name: "하늘".into(),
        profile_image: None,
    }
}

fn nothing() -> Event {
    Event::Left(profile().uid)
}

pub(super) fn said(as_of: u64, own_id: &str) -> Event {
    let line = Line {
        content: "안녕".into(),
        client_message_id: Some(own_id.into()),
        at: Timestamp::now(),
        playing: Playing {
            music_id: "m1".into(),
            position_ms: 1,
        },
        headers: vec![],
    };
    let (sender, lines, origin) = (profile(), vec![line], None);
    Event::Said(Said {
        sender,
        as_of,
        lines,
        origin,
        trace: None,
    })
}

fn off(version: u64) -> Event {
    let (who, at, playing) = (profile(), Timestamp::now(), None);
    let change = MemberChange::Switched { on: false };
    Event::Member(MemberEvent {
        who,
        version,
        at,
        change,
        playing,
    })
}

/// Opens a log with records so many milliseconds old.
fn opened(folder: &TempDir, records: Vec<(u64, Event)>) -> (Stores, Timestamp) {
    let now = Timestamp::now();
    let records = records
        .into_iter()
        .map(|(ago_ms, event)| (now.minus_ms(ago_ms), event));
    Past::in_folder(folder).records(records.collect());
    (open(folder.path()).unwrap(), now)
}

pub(super) async fn append(stores: &Stores, event: Event) -> crate::store::Appended {
    let appending = stores.log.append(RoomId::from_bytes(ROOM), event);
    appending.await.unwrap()
}

/// The offsets of what is there from `from` on; there must be something.
async fn offsets(stores: &Stores, from: u64) -> Vec<u64> {
    let ends = stores.log.ends().await.unwrap();
    let mut records = stores.log.open(&[(Partition(0), from)]).await.unwrap();
    let mut offsets = vec![];
    while offsets.last().is_none_or(|last| last + 1 < ends[0]) {
        let batch: Vec<Arc<Record>> = records.next().await.unwrap().records;
        offsets.extend(batch.iter().map(|record| record.offset));
    }
    offsets
}

async fn first_since(stores: &Stores, at: Timestamp) -> u64 {
    let found = stores.log.first_since(&[(Partition(0), at)]).await;
    found.unwrap()[0]
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_turn_the_logs_time() {
    let folder = super::folder();
    let ahead = Timestamp::now().plus_ms(DAY);
    Past::in_folder(&folder).records(vec![(ahead, nothing())]);
    let stores = open(folder.path()).unwrap();
    for offset in 1..4 {
        let appended = append(&stores, nothing()).await;
        assert_eq!((appended.offset, appended.at), (offset, ahead));
    }
    assert_eq!(first_since(&stores, ahead).await, 0);
    assert_eq!(first_since(&stores, ahead.plus_ms(1)).await, 4);
}

#[tokio::test]
async fn who_opens_the_log_beyond_its_end_gets_what_comes_from_there_on() {
    let folder = super::folder();
    let (stores, _) = opened(&folder, vec![(MINUTE, nothing())]);
    let mut records = stores.log.open(&[(Partition(0), 3)]).await.unwrap();
    for offset in 1..4 {
        assert_eq!(append(&stores, nothing()).await.offset, offset);
    }
    let batch: Vec<Arc<Record>> = records.next().await.unwrap().records;
    assert_eq!(batch[0].offset, 3);
    assert_eq!(offsets(&stores, 2).await, [2, 3]);
}

#[tokio::test]
async fn presence_is_summed_up_to_the_end_of_the_log() {
    let folder = super::folder();
    let (stores, _) = opened(&folder, vec![(MINUTE, nothing())]);
    for offset in 1..4 {
        append(&stores, nothing()).await;
        let (covered, _) = stores
            .presence
            .room(RoomId::from_bytes(ROOM))
            .await
            .unwrap();
        assert_eq!(covered, offset + 1);
    }
}

#[tokio::test]
async fn a_place_is_found_by_its_time_however_long_the_log() {
    let folder = super::folder();
    // More than a few places that are known, with some at the same time on either side of one.
    let (minutes, each) = (9_u64, 200);
    let ages = (0..minutes * each).map(|n| ((minutes - n / each) * MINUTE, nothing()));
    let (stores, now) = opened(&folder, ages.collect());
    for ago in 0..minutes + 2 {
        let at = now.minus_ms(ago * MINUTE);
        let found = first_since(&stores, at).await;
        assert_eq!(
            found,
            minutes.saturating_sub(ago) * each,
            "{ago} minutes ago"
        );
        let later = first_since(&stores, at.plus_ms(1)).await;
        let expected = ((minutes + 1).saturating_sub(ago) * each).min(minutes * each);
        assert_eq!(later, expected, "just after {ago} minutes ago");
    }
}

#[tokio::test]
async fn what_was_said_minutes_ago_is_judged_as_if_it_never_closed() {
    let folder = super::folder();
    let window = limits::REPEAT_WINDOW_MS;
    let past = vec![
        (window + 2 * MINUTE, said(0, "long-ago")),
        (window + MINUTE, said(0, "chain")),
        (window - MINUTE, said(0, "lately")),
        // A repeat, from which the five minutes count anew.
        (window - MINUTE, said(0, "chain")),
        (window - MINUTE, off(1)),
    ];
    let (stores, _) = opened(&folder, past);
    let id = |offset| MessageId {
        epoch: stores.log.epoch(),
        offset,
        index: 0,
    };
    for (as_of, own_id, verdict) in [
        (5, "long-ago", Verdict::Shown(id(5))),
        (5, "lately", Verdict::Repeat(id(2))),
        (5, "chain", Verdict::Repeat(id(1))),
        (4, "new", Verdict::Void),
        (5, "new", Verdict::Shown(id(9))),
    ] {
        let appended = append(&stores, said(as_of, own_id)).await;
        assert_eq!(appended.verdicts, [verdict], "{own_id} as of {as_of}");
    }
}
