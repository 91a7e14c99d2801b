//! The rule of four rooms, with what the rooms are told of it.

use std::collections::BTreeSet;

use roomtone_shared::domain::event::{Event, Fact, MemberChange};
use roomtone_shared::domain::message::MessageType::{Enter, Exit};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;
use roomtone_shared::store::Stores;
use tokio::task::JoinSet;

use super::{join, room, told};
use crate::chat::all_recorded;
use crate::forms::Place;
use crate::member::Member;
use crate::reading;

behaviours![
    a_fifth_room_tells_the_one_that_was_left,
    many_joins_at_once_leave_four_and_tell_every_room_the_truth,
];

async fn rooms_of(stores: &Stores, count: usize) -> Vec<RoomId> {
    let mut rooms = vec![];
    for _ in 0..count {
        rooms.push(room(stores).await);
    }
    rooms
}

async fn a_fifth_room_tells_the_one_that_was_left(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = rooms_of(&stores, 5).await;
    for room in &rooms[..4] {
        join(&stores, *room, &user.who).await;
    }
    let fifth = rooms::join(&stores, rooms[4], &user.who).await.unwrap();
    assert_eq!(fifth.evicted, Some(rooms[0]));
    let me = || "u1".to_owned();
    assert_eq!(told(&stores, rooms[0]).await, [(Enter, me()), (Exit, me())]);
    assert_eq!(told(&stores, rooms[4]).await, [(Enter, me())]);
    assert!(!crate::rooms::get(&stores, rooms[0]).await.live);
    assert_eq!(user.get(rooms[0]).await.pending, None);
    // The record says for which room it was.
    let log = reading::read_all(&stores).await;
    let by = log.iter().find_map(|record| match &record.fact {
        Fact::In(room, Event::Member(event)) if *room == rooms[0] => match event.change {
            MemberChange::Exited { by } => by,
            _ => None,
        },
        _ => None,
    });
    assert_eq!(by, Some(rooms[4]));
}

async fn many_joins_at_once_leave_four_and_tell_every_room_the_truth(place: impl Place) {
    let stores = place.open().await;
    // Who comes before whom differs from round to round.
    for round in 0..3 {
        let user = Member::new(&stores, &format!("u{round}"));
        let rooms = rooms_of(&stores, 8).await;
        join_all_at_once(&user, &rooms).await;
        see_the_truth(&user, &rooms).await;
    }
}

/// Joins each of the rooms eight times, all at once.
async fn join_all_at_once(user: &Member, rooms: &[RoomId]) {
    let mut joining = JoinSet::new();
    for n in 0..64 {
        let (user, room) = (user.clone(), rooms[n % rooms.len()]);
        joining.spawn(async move {
            rooms::join(&user.stores, room, &user.who).await.unwrap();
            let mine = user.rooms().await.rooms;
            assert!(mine.len() <= 4, "{mine:?}");
        });
    }
    joining.join_all().await;
}

/// The user is in four of the rooms, and every room was told so.
async fn see_the_truth(user: &Member, rooms: &[RoomId]) {
    let stores = &user.stores;
    let there: BTreeSet<RoomId> = user.rooms().await.rooms.into_iter().collect();
    assert_eq!(there.len(), 4);
    let mut enters = 0;
    for &room in rooms {
        all_recorded(stores, room).await;
        let told: Vec<_> = told(stores, room)
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect();
        // By turns an ENTER and an EXIT, and the last one as the user stands now.
        for (n, kind) in told.iter().enumerate() {
            assert_eq!(*kind, if n % 2 == 0 { Enter } else { Exit }, "{told:?}");
        }
        enters += told.len().div_ceil(2);
        let member = user.get(room).await;
        assert_eq!(
            (member.joined, member.pending),
            (there.contains(&room), None)
        );
        assert_eq!(told.last() == Some(&Enter), member.joined, "{told:?}");
        assert_eq!(
            stores.history.summary(room).await.unwrap().user_count,
            u64::from(member.joined)
        );
    }
    // An ENTER for every join that there was, whoever brought it in.
    assert_eq!(enters as u64, user.rooms().await.sequence);
}
