//! Places and times in the log, and how it is read.

use std::sync::Arc;

use futures_util::future;
use roomtone_shared::domain::event::{Fact, Record};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::{Appended, Stores};
use tokio::task::JoinSet;

use crate::forms::Place;
use crate::{deadline, facts};

behaviours![
    records_stand_in_the_order_of_the_calls,
    what_nobody_waits_for_is_appended_too,
    many_that_append_at_once_share_one_order,
    what_was_appended_outlives_the_process_and_places_go_on,
    reading_begins_anywhere_and_ends_at_the_end,
    who_follows_misses_nothing,
    the_logs_time_never_runs_backwards,
    a_place_is_found_by_its_time,
];

/// Appends numbered facts, and waits for all of them together.
async fn append(stores: &Stores, room: RoomId, numbers: std::ops::Range<usize>) -> Vec<Appended> {
    let appending: Vec<_> = numbers
        .map(|n| stores.log.append(facts::numbered(room, n)))
        .collect();
    future::try_join_all(appending).await.unwrap()
}

/// Reads from `from` on to the end, at most `size` at a time.
async fn read_all(stores: &Stores, from: u64, size: usize) -> Vec<Arc<Record>> {
    let (mut all, mut next) = (vec![], from);
    loop {
        let records = stores.log.read(next, size).await.unwrap();
        assert!(records.len() <= size);
        let Some(last) = records.last() else {
            return all;
        };
        assert!(
            records[0].offset >= next,
            "read back to {}",
            records[0].offset
        );
        next = last.offset + 1;
        all.extend(records);
    }
}

fn facts_of(records: &[Arc<Record>]) -> Vec<Fact> {
    records.iter().map(|record| record.fact.clone()).collect()
}

async fn records_stand_in_the_order_of_the_calls(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    assert_eq!(read_all(&stores, 0, 10).await, []);
    let begin = stores.log.end(room).await.unwrap();
    let appended = append(&stores, room, 0..300).await;
    assert!(
        appended.is_sorted_by(|a, b| a.offset < b.offset),
        "{appended:?}"
    );
    assert!(appended[0].offset >= begin);
    assert!(stores.log.end(room).await.unwrap() > appended[299].offset);
    let records = read_all(&stores, begin, 1_000).await;
    assert_eq!(
        facts_of(&records),
        Vec::from_iter((0..300).map(|n| facts::numbered(room, n)))
    );
    for (record, appended) in records.iter().zip(&appended) {
        assert_eq!((record.offset, record.at), (appended.offset, appended.at));
    }
}

async fn what_nobody_waits_for_is_appended_too(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    for n in 0..50 {
        drop(stores.log.append(facts::numbered(room, n)));
    }
    // It comes after all of them, so they are there when it is.
    append(&stores, room, 50..51).await;
    let records = read_all(&stores, 0, 1_000).await;
    assert_eq!(
        facts_of(&records),
        Vec::from_iter((0..51).map(|n| facts::numbered(room, n)))
    );
}

async fn many_that_append_at_once_share_one_order(place: impl Place) {
    let stores = place.open().await;
    let mut appending = JoinSet::new();
    for room in crate::given::room_ids(16) {
        let stores = stores.clone();
        appending.spawn(async move {
            let mut appended = vec![];
            for n in 0..40 {
                appended.extend(append(&stores, room, n..n + 1).await);
            }
            (room, appended)
        });
    }
    let records = |room: RoomId, all: &[Arc<Record>]| -> Vec<Arc<Record>> {
        all.iter()
            .filter(|r| r.fact.room() == Some(room))
            .cloned()
            .collect()
    };
    let appended = appending.join_all().await;
    let all = read_all(&stores, 0, 100).await;
    assert_eq!(all.len(), 16 * 40);
    assert!(all.is_sorted_by(|a, b| a.offset < b.offset));
    for (room, appended) in appended {
        let mine = records(room, &all);
        assert_eq!(
            facts_of(&mine),
            Vec::from_iter((0..40).map(|n| facts::numbered(room, n)))
        );
        assert!(
            mine.iter()
                .map(|r| r.offset)
                .eq(appended.iter().map(|a| a.offset))
        );
    }
}

async fn what_was_appended_outlives_the_process_and_places_go_on(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    let (mut expected, mut epochs, mut last) = (vec![], vec![], None);
    for round in 0..4 {
        let appended = append(&stores, room, round * 10..round * 10 + 10).await;
        assert!(
            Some(appended[0].offset) > last,
            "{appended:?} after {last:?}"
        );
        last = appended.last().map(|appended| appended.offset);
        epochs.push(stores.log.epoch());
        expected.extend((round * 10..round * 10 + 10).map(|n| facts::numbered(room, n)));
        drop(stores);
        stores = place.open().await;
        assert_eq!(facts_of(&read_all(&stores, 0, 7).await), expected);
        assert_eq!(
            Some(stores.log.end(room).await.unwrap()),
            last.map(|last| last + 1)
        );
        assert_eq!(
            *stores.log.follow().borrow(),
            stores.log.end(room).await.unwrap()
        );
    }
    epochs.dedup();
    assert_eq!(
        epochs.len(),
        1,
        "opening it again does not begin the log anew"
    );
}

async fn reading_begins_anywhere_and_ends_at_the_end(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    append(&stores, room, 0..40).await;
    drop(stores);
    stores = place.open().await;
    // Some of it was there before, some came since.
    append(&stores, room, 40..80).await;
    let all = read_all(&stores, 0, 1_000).await;
    assert_eq!(
        facts_of(&all),
        Vec::from_iter((0..80).map(|n| facts::numbered(room, n)))
    );
    for (n, record) in all.iter().enumerate() {
        for size in [1, 3, 1_000] {
            let read = stores.log.read(record.offset, size).await.unwrap();
            assert_eq!(read, all[n..80.min(n + size)], "{size} from {n}");
        }
    }
    let end = stores.log.end(room).await.unwrap();
    for from in [end, end + 1, end + 1_000, u64::MAX] {
        assert_eq!(stores.log.read(from, 10).await.unwrap(), [], "from {from}");
    }
}

async fn who_follows_misses_nothing(place: impl Place) {
    let stores = place.open().await;
    let (room, count) = (RoomId::new(), 500);
    let (mut end, reader) = (stores.log.follow(), stores.clone());
    let begin = *end.borrow();
    let following = tokio::spawn(async move {
        let (mut heard, mut next) = (vec![], begin);
        while heard.len() < count {
            let known = *end.wait_for(|end| *end > next).await.unwrap();
            let records = read_all(&reader, next, 64).await;
            // What was announced can be read.
            next = records.last().expect("a record").offset + 1;
            assert!(next >= known, "read to {next}, told of {known}");
            heard.extend(records);
        }
        heard
    });
    for n in 0..count / 10 {
        append(&stores, room, n * 10..n * 10 + 10).await;
    }
    let heard = deadline::within("the follower", following).await.unwrap();
    assert_eq!(
        facts_of(&heard),
        Vec::from_iter((0..count).map(|n| facts::numbered(room, n)))
    );
}

async fn the_logs_time_never_runs_backwards(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    for round in 0..3 {
        append(&stores, room, round * 20..round * 20 + 20).await;
        drop(stores);
        stores = place.open().await;
    }
    let records = read_all(&stores, 0, 1_000).await;
    assert_eq!(records.len(), 60);
    assert!(records.is_sorted_by(|a, b| a.at <= b.at), "{records:?}");
}

async fn a_place_is_found_by_its_time(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    let nothing = stores.log.first_since(crate::given::at(0)).await.unwrap();
    assert_eq!(nothing, stores.log.end(room).await.unwrap());
    // The log's time goes on by itself: append until it did, a few times.
    let different = || async {
        let appended = append(&stores, room, 0..1).await;
        let first = stores.log.read(0, 1).await.unwrap()[0].at;
        (appended[0].at >= first.plus_ms(20)).then_some(())
    };
    deadline::until("the log's time to go on", different).await;
    let all = read_all(&stores, 0, 1_000).await;
    for record in &all {
        for time in [record.at, record.at.plus_ms(1), record.at.minus_ms(1)] {
            let found = stores.log.first_since(time).await.unwrap();
            let first = all.iter().find(|r| r.at >= time).map(|r| r.offset);
            let end = stores.log.end(room).await.unwrap();
            assert_eq!(found, first.unwrap_or(end), "{time}");
        }
    }
}
