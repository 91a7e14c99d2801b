//! Following the log: from anywhere, with nothing missed, and with the same verdicts as the appends had.

use std::collections::HashMap;

use futures_util::future;
use roomtone_shared::domain::event::Record;
use roomtone_shared::domain::judge::Verdict;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Sink;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::order::{append, numbered};
use crate::forms::Place;
use crate::reading::{Judges, Reader, beginning, facts_of, of_room, read_all, read_from};
use crate::{deadline, facts, given};

/// Batches that a test has still to look at.
const FOLLOWED_MAX: usize = 64;

behaviours![
    following_begins_anywhere_and_goes_on_at_the_end,
    each_part_is_followed_from_a_place_of_its_own,
    who_follows_misses_nothing,
    an_append_comes_to_what_every_reader_makes_of_it,
    who_follows_from_the_end_gets_verdicts_that_rest_on_what_was_before,
];

async fn following_begins_anywhere_and_goes_on_at_the_end(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    append(&stores, room, 0..40).await;
    drop(stores);
    stores = place.open().await;
    // Some of it was there before, some came since.
    append(&stores, room, 40..80).await;
    let all = read_all(&stores).await;
    assert_eq!(facts_of(&all), numbered(room, 0..80));
    let part = stores.log.partition(room).index();
    let ends = stores.log.ends().await.unwrap();
    for n in (0..80).step_by(13).chain([1, 38, 39, 40, 41, 79]) {
        let mut from = ends.clone();
        from[part] = all[n].offset;
        assert_eq!(read_from(&stores, &from).await, all[n..], "from {n}");
    }
    // Whoever is at the end gets what comes next, and nothing of what was there.
    let mut reader = Reader::open(&stores, &ends).await;
    for n in 80..83 {
        let appended = append(&stores, room, n..n + 1).await;
        let next = reader.read_on(&stores).await;
        assert_eq!(facts_of(&next), numbered(room, n..n + 1));
        assert_eq!(next[0].offset, appended[0].offset);
    }
}

async fn each_part_is_followed_from_a_place_of_its_own(place: impl Place) {
    let mut stores = place.open().await;
    let rooms = given::room_id_in_each(stores.log.partitions());
    for n in 0..2 {
        let appending = rooms
            .iter()
            .map(|room| append(&stores, *room, n * 10..n * 10 + 10));
        future::join_all(appending).await;
        drop(stores);
        stores = place.open().await;
    }
    let all = read_all(&stores).await;
    for skipped in [0, 3, 9, 17] {
        // One part from its beginning, others from the middle, one perhaps from its end.
        let left = |part: usize| (part * 5 + skipped) % 21;
        let mut from = stores.log.ends().await.unwrap();
        for (part, room) in rooms.iter().enumerate() {
            if let Some(record) = of_room(&all, *room).get(left(part)) {
                from[part] = record.offset;
            }
        }
        let read = read_from(&stores, &from).await;
        for (part, room) in rooms.iter().enumerate() {
            let mine = of_room(&read, *room);
            assert_eq!(facts_of(&mine), numbered(*room, left(part)..20));
        }
    }
}

async fn who_follows_misses_nothing(place: impl Place) {
    let stores = place.open().await;
    let (rooms, count) = (given::room_id_in_each(stores.log.partitions()), 250);
    let begin = beginning(&stores).await;
    let mut following = JoinSet::new();
    for batches in [0, 10] {
        // Somebody who is there before all of it, and somebody who comes in the middle.
        let (stores, begin, rooms) = (stores.clone(), begin.clone(), rooms.clone());
        following.spawn(async move {
            let come = || async {
                let ends = stores.log.ends().await.unwrap();
                (ends[0] >= begin[0] + batches * 10).then_some(())
            };
            deadline::until("its turn", come).await;
            let mut reader = Reader::open(&stores, &begin).await;
            let mut heard = vec![];
            while heard.len() < count * rooms.len() {
                heard.extend(reader.read().await);
            }
            heard
        });
    }
    for n in 0..count / 10 {
        let numbers = n * 10..n * 10 + 10;
        let appending = rooms
            .iter()
            .map(|room| append(&stores, *room, numbers.clone()));
        future::join_all(appending).await;
    }
    for heard in deadline::within("the followers", following.join_all()).await {
        for room in &rooms {
            let mine = of_room(&heard, *room);
            assert_eq!(facts_of(&mine), numbered(*room, 0..count));
        }
    }
}

async fn an_append_comes_to_what_every_reader_makes_of_it(place: impl Place) {
    let stores = place.open().await;
    let (one, two) = (given::user("u1"), given::user("u2"));
    let mut appended = HashMap::new();
    for room in given::room_id_in_each(stores.log.partitions()) {
        let hello = || vec![facts::named("hello", "c-1"), facts::line("again")];
        for event in [
            facts::joined(&one, 1),
            facts::said(0, &one, hello()),
            facts::said(0, &one, hello()),
            facts::joined(&one, 1),
            facts::switched(&one, 2, false),
            facts::said(0, &one, vec![facts::line("too late")]),
            facts::held(&one, 1, true),
            facts::joined_silently(&two, 1),
            facts::said(0, &two, hello()),
            facts::exited(&two, 2),
        ] {
            let told = stores.log.append(room, event).await.unwrap();
            appended.insert((stores.log.partition(room), told.offset), told);
        }
    }
    // Another reader, and one after the process began anew: all of them say so.
    let mut judges = Judges::new(&stores);
    let place_of = |record: &Record| (record.partition, record.offset);
    let mut shown = 0;
    for record in read_all(&stores).await {
        let judged = judges.judge(record.clone());
        let told = appended.remove(&place_of(&record)).expect("an append");
        assert_eq!(told.at, record.at);
        assert_eq!(told.verdicts, judged.verdicts, "{record:?}");
        assert_eq!(told.notice, judged.notice(), "{record:?}");
        let is_shown = |verdict: &&Verdict| matches!(verdict, Verdict::Shown(_));
        shown += told.verdicts.iter().filter(is_shown).count();
        // A log that was told already, or does not wait to be told, takes no notice.
        stores.log.judged(&judged);
    }
    assert!(appended.is_empty(), "not read: {appended:?}");
    // Of each room: both, one again, and both of the other's.
    assert_eq!(shown, 5 * usize::from(stores.log.partitions()));
}

async fn who_follows_from_the_end_gets_verdicts_that_rest_on_what_was_before(place: impl Place) {
    let mut stores = place.open().await;
    let (user, room) = (given::user("u1"), RoomId::new());
    let hello = || facts::said(0, &user, vec![facts::named("hello", "c-1")]);
    for event in [
        facts::joined(&user, 1),
        hello(),
        facts::switched(&user, 2, false),
    ] {
        stores.log.append(room, event).await.unwrap();
    }
    drop(stores);
    stores = place.open().await;
    let (batches, mut followed) = mpsc::channel(FOLLOWED_MAX);
    let begin = |_: Vec<u64>| -> Sink {
        Box::new(move |batch| batches.try_send(batch).expect("room for what is appended"))
    };
    let following = stores.log.follow(Box::new(begin)).await.unwrap();
    let (mut told, mut judged) = (vec![], vec![]);
    let too_late = facts::said(0, &user, vec![facts::line("too late")]);
    for event in [hello(), too_late, facts::joined(&user, 1)] {
        told.push(stores.log.append(room, event).await.unwrap());
    }
    while judged.len() < told.len() {
        let batch = deadline::within("what is followed", followed.recv()).await;
        judged.extend(batch.expect("a log that goes on"));
    }
    for (told, judged) in told.iter().zip(&judged) {
        assert_eq!(told.offset, judged.record.offset);
        assert_eq!(told.verdicts, judged.verdicts, "{judged:?}");
    }
    assert!(matches!(told[0].verdicts[..], [Verdict::Repeat(_)]));
    assert_eq!(told[1].verdicts, [Verdict::Void]);
    assert!(!judged[2].fresh);
    // Who no longer follows is given nothing, and what took it is let go of.
    drop(following);
    let ended = deadline::within("the end of following", followed.recv()).await;
    assert!(ended.is_none(), "{ended:?}");
}
