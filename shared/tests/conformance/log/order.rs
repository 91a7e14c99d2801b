//! Places and times in the log: one order in each of its parts, durable.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use futures_util::future;
use roomtone_shared::domain::event::{Event, Fact, NodeId, Partition, Record};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::{Appended, Stores};
use tokio::task::JoinSet;

use crate::forms::Place;
use crate::reading::{beginning, facts_of, first_since, of_room, read_all, read_from};
use crate::{deadline, facts, given};

behaviours![
    records_stand_in_the_order_of_the_calls,
    what_nobody_waits_for_is_appended_too,
    many_that_append_at_once_share_one_order,
    rooms_are_spread_over_all_parts_and_each_has_one_order,
    a_part_has_what_was_put_into_it_and_nothing_else,
    what_was_appended_outlives_the_process_and_places_go_on,
    the_logs_time_never_runs_backwards,
    a_place_is_found_by_its_time,
];

/// Appends numbered facts, and waits for all of them together.
pub(super) async fn append(stores: &Stores, room: RoomId, numbers: Range<usize>) -> Vec<Appended> {
    let appending: Vec<_> = numbers
        .map(|n| stores.log.append(room, facts::numbered(n)))
        .collect();
    future::try_join_all(appending).await.unwrap()
}

/// What that comes to in the log.
pub(super) fn numbered(room: RoomId, numbers: Range<usize>) -> Vec<Fact> {
    let fact = |n| Fact::In(room, facts::numbered(n));
    numbers.map(fact).collect()
}

async fn records_stand_in_the_order_of_the_calls(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    assert_eq!(read_all(&stores).await, []);
    let (begin, begins) = (
        stores.log.end(room).await.unwrap(),
        stores.log.ends().await.unwrap(),
    );
    let appended = append(&stores, room, 0..300).await;
    assert!(
        appended.is_sorted_by(|a, b| a.offset < b.offset),
        "{appended:?}"
    );
    assert!(appended[0].offset >= begin);
    assert!(stores.log.end(room).await.unwrap() > appended[299].offset);
    let records = read_from(&stores, &begins).await;
    assert_eq!(facts_of(&records), numbered(room, 0..300));
    for (record, appended) in records.iter().zip(&appended) {
        assert_eq!((record.offset, record.at), (appended.offset, appended.at));
        assert_eq!(record.partition, stores.log.partition(room));
    }
}

async fn what_nobody_waits_for_is_appended_too(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    for n in 0..50 {
        drop(stores.log.append(room, facts::numbered(n)));
    }
    // It comes after all of them, so they are there when it is.
    append(&stores, room, 50..51).await;
    let records = read_all(&stores).await;
    assert_eq!(facts_of(&records), numbered(room, 0..51));
}

async fn many_that_append_at_once_share_one_order(place: impl Place) {
    let stores = place.open().await;
    let mut appending = JoinSet::new();
    for room in given::room_ids(16) {
        let stores = stores.clone();
        appending.spawn(async move {
            let mut appended = vec![];
            for n in 0..40 {
                appended.extend(append(&stores, room, n..n + 1).await);
            }
            (room, appended)
        });
    }
    let appended = appending.join_all().await;
    let all = read_all(&stores).await;
    assert_eq!(all.len(), 16 * 40);
    let places: HashSet<_> = all.iter().map(|r| (r.partition, r.offset)).collect();
    assert_eq!(places.len(), all.len(), "two records in one place");
    for (room, appended) in appended {
        let mine = of_room(&all, room);
        assert_eq!(facts_of(&mine), numbered(room, 0..40));
        assert!(
            mine.iter()
                .map(|r| r.offset)
                .eq(appended.iter().map(|a| a.offset))
        );
    }
}

async fn rooms_are_spread_over_all_parts_and_each_has_one_order(place: impl Place) {
    let stores = place.open().await;
    let log = &stores.log;
    // Two rooms in each part, which take turns with those of all other parts.
    let mut rooms = given::room_id_in_each(log.partitions());
    rooms.extend(given::room_id_in_each(log.partitions()));
    let mut appending = vec![];
    for n in 0..30 {
        for room in &rooms {
            appending.push(log.append(*room, facts::numbered(n)));
        }
    }
    let appended = future::try_join_all(appending).await.unwrap();
    let all = read_all(&stores).await;
    assert_eq!(all.len(), 30 * rooms.len());
    for (of, room) in rooms.iter().enumerate() {
        let mine = of_room(&all, *room);
        assert_eq!(facts_of(&mine), numbered(*room, 0..30));
        for (n, record) in mine.iter().enumerate() {
            let appended = &appended[n * rooms.len() + of];
            assert_eq!((record.offset, record.at), (appended.offset, appended.at));
            assert_eq!(record.partition, log.partition(*room));
        }
        let ends = log.ends().await.unwrap();
        let end = ends[log.partition(*room).index()];
        assert_eq!(log.end(*room).await.unwrap(), end);
    }
    let there: HashSet<_> = all.iter().map(|record| record.partition).collect();
    assert_eq!(there, (0..log.partitions()).map(Partition).collect());
}

async fn a_part_has_what_was_put_into_it_and_nothing_else(place: impl Place) {
    let stores = place.open().await;
    let log = &stores.log;
    let rooms = given::room_id_in_each(log.partitions());
    for n in 0..4 {
        for (part, room) in (0..).map(Partition).zip(&rooms) {
            let before = log.ends().await.unwrap();
            let node = NodeId(100 * n + u64::from(part.0));
            let fact = match n % 2 {
                0 => Fact::NodeGone(node),
                _ => Fact::In(*room, Event::Left(given::uid("u1"))),
            };
            let appended = log.append_to(part, fact.clone()).await.unwrap();
            assert!(appended.offset >= before[part.index()]);
            let (verdicts, notice) = (appended.verdicts, appended.notice);
            assert_eq!((verdicts, notice), (vec![], None));
            let after = log.ends().await.unwrap();
            for (other, (before, after)) in before.iter().zip(&after).enumerate() {
                let moved = after > before;
                assert_eq!(moved, other == part.index(), "{other} by {part:?}");
            }
            let there = read_from(&stores, &before).await;
            assert_eq!(there.len(), 1);
            assert_eq!((there[0].partition, &there[0].fact), (part, &fact));
        }
    }
}

async fn what_was_appended_outlives_the_process_and_places_go_on(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    let (mut expected, mut logs, mut last) = (vec![], vec![], None);
    for round in 0..4 {
        let begin = stores.log.end(room).await.unwrap();
        let appended = append(&stores, room, round * 10..round * 10 + 10).await;
        assert!(
            Some(appended[0].offset) > last && appended[0].offset >= begin,
            "{appended:?} after {last:?}"
        );
        last = appended.last().map(|appended| appended.offset);
        logs.push((stores.log.epoch(), stores.log.partitions()));
        expected.extend(numbered(room, round * 10..round * 10 + 10));
        drop(stores);
        stores = place.open().await;
        assert_eq!(facts_of(&read_all(&stores).await), expected);
        let end = stores.log.end(room).await.unwrap();
        assert!(Some(end) > last, "{end} after {last:?}");
        let ends = stores.log.ends().await.unwrap();
        assert_eq!(ends[stores.log.partition(room).index()], end);
    }
    logs.dedup();
    assert_eq!(
        logs.len(),
        1,
        "opening it again does not begin the log anew: {logs:?}"
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
    let records = read_all(&stores).await;
    assert_eq!(records.len(), 60);
    assert!(records.is_sorted_by(|a, b| a.at <= b.at), "{records:?}");
}

async fn a_place_is_found_by_its_time(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    let ends = stores.log.ends().await.unwrap();
    assert_eq!(beginning(&stores).await, ends);
    assert_eq!(first_since(&stores, given::at(0)).await, ends);
    // The log's time goes on by itself: append until it did, a few times.
    let first = append(&stores, room, 0..1).await[0].at;
    let different = || async {
        let appended = append(&stores, room, 0..1).await;
        (appended[0].at >= first.plus_ms(20)).then_some(())
    };
    deadline::until("the log's time to go on", different).await;
    let all = read_all(&stores).await;
    let of_room = stores.log.partition(room).index();
    let ends = stores.log.ends().await.unwrap();
    for record in &all {
        for time in [record.at, record.at.plus_ms(1), record.at.minus_ms(1)] {
            let mut expected = ends.clone();
            let younger = |record: &&Arc<Record>| record.at >= time;
            if let Some(first) = all.iter().find(younger) {
                expected[of_room] = first.offset;
            }
            let found = first_since(&stores, time).await;
            assert_eq!(found, expected, "{time}");
        }
    }
}
