//! Rooms: one per playlist, listed newest first, and in an outbox until the search server knows them.

mod indexing;
mod lists;

use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::store::{Created, Stores, Which};
use tokio::task::JoinSet;

use crate::chat::Chat;
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    what_was_created_is_found_by_its_id_and_by_its_playlist,
    of_many_made_at_once_for_a_playlist_one_is_there,
    creating_again_gives_the_one_there_is_and_changes_nothing,
    a_room_that_is_not_live_begins_anew_once,
    a_live_room_does_not_begin_anew,
    live_follows_the_members_of_the_log,
];

/// Keeps a room for a playlist that has none.
pub(crate) async fn keep(stores: &Stores, room: &Room) {
    assert_eq!(stores.rooms.create(room).await.unwrap(), Created::New);
}

pub(crate) async fn get(stores: &Stores, id: RoomId) -> Room {
    stores.rooms.get(id).await.unwrap().expect("a room")
}

/// Every room of a kind, in one page.
async fn all(stores: &Stores, which: Which) -> Vec<RoomId> {
    let page = stores.rooms.page(which, None, 1_000).await.unwrap();
    page.iter().map(|room| room.id).collect()
}

async fn what_was_created_is_found_by_its_id_and_by_its_playlist(place: impl Place) {
    let mut stores = place.open().await;
    let (room, other) = (given::room_of("p1", 1), given::room_of("p2", 1));
    assert_eq!(stores.rooms.get(room.id).await.unwrap(), None);
    assert_eq!(stores.rooms.by_playlist("p1").await.unwrap(), None);
    keep(&stores, &room).await;
    keep(&stores, &other).await;
    for _ in 0..2 {
        for kept in [&room, &other] {
            let found = stores.rooms.by_playlist(&kept.playlist.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(kept));
            assert_eq!(get(&stores, kept.id).await, *kept);
        }
        assert_eq!(stores.rooms.by_playlist("p3").await.unwrap(), None);
        drop(stores);
        stores = place.open().await;
    }
}

async fn of_many_made_at_once_for_a_playlist_one_is_there(place: impl Place) {
    let stores = place.open().await;
    let mut making = JoinSet::new();
    for n in 0..64 {
        let (rooms, room) = (stores.rooms.clone(), given::room_of("p", n));
        making.spawn(async move { (room.clone(), rooms.create(&room).await.unwrap()) });
    }
    let made = making.join_all().await;
    let new: Vec<&Room> = made
        .iter()
        .filter(|(_, created)| *created == Created::New)
        .map(|(room, _)| room)
        .collect();
    assert_eq!(new.len(), 1);
    let there = stores.rooms.by_playlist("p").await.unwrap();
    assert_eq!(there.as_ref(), new.first().copied());
    for (room, created) in &made {
        match created {
            Created::New => assert_eq!(get(&stores, room.id).await, *room),
            Created::Exists(other) => {
                assert_eq!(Some(other), there.as_ref());
                assert_eq!(stores.rooms.get(room.id).await.unwrap(), None);
            }
        }
    }
    assert_eq!(all(&stores, Which::All).await, [new[0].id]);
}

async fn creating_again_gives_the_one_there_is_and_changes_nothing(place: impl Place) {
    let stores = place.open().await;
    let room = given::room_of("p", 1);
    keep(&stores, &room).await;
    let again = stores.rooms.create(&given::room_of("p", 2)).await.unwrap();
    assert_eq!(again, Created::Exists(room.clone()));
    // The same room too: whoever does not know whether it was made may ask again.
    let again = stores.rooms.create(&room).await.unwrap();
    assert_eq!(again, Created::Exists(room.clone()));
    assert_eq!(get(&stores, room.id).await, room);
    assert_eq!(all(&stores, Which::All).await, [room.id]);
}

async fn a_room_that_is_not_live_begins_anew_once(place: impl Place) {
    let stores = place.open().await;
    let room = given::room_of("p", 1);
    keep(&stores, &room).await;
    let (was, id) = (room.created_at, room.id);
    let mut restarting = JoinSet::new();
    for n in 0..16 {
        let (rooms, anew) = (
            stores.rooms.clone(),
            Room {
                id,
                ..given::room_of("p", 100 + n)
            },
        );
        restarting.spawn(async move { (rooms.restart(&anew, was).await.unwrap(), anew) });
    }
    let restarted = restarting.join_all().await;
    let winners: Vec<_> = restarted.into_iter().filter(|(won, _)| *won).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let now = &winners[0].1;
    assert_eq!(get(&stores, id).await, *now);
    assert_eq!(
        stores.rooms.by_playlist("p").await.unwrap().as_ref(),
        Some(now)
    );
    assert_eq!(all(&stores, Which::All).await, [id]);
    let unknown = given::room_of("q", 5);
    assert!(
        !stores
            .rooms
            .restart(&unknown, unknown.created_at)
            .await
            .unwrap()
    );
    assert_eq!(stores.rooms.get(unknown.id).await.unwrap(), None);
    assert_eq!(stores.rooms.by_playlist("q").await.unwrap(), None);
}

async fn a_live_room_does_not_begin_anew(place: impl Place) {
    let stores = place.open().await;
    let room = given::room_of("p", 1);
    keep(&stores, &room).await;
    let chat = Chat {
        stores: &stores,
        room: room.id,
    };
    chat.append(facts::joined(&given::user("u1"), 1)).await;
    let live = get(&stores, room.id).await;
    let anew = Room {
        id: room.id,
        ..given::room_of("p", 100)
    };
    assert!(!stores.rooms.restart(&anew, room.created_at).await.unwrap());
    assert_eq!(get(&stores, room.id).await, live);
    chat.append(facts::exited(&given::user("u1"), 2)).await;
    assert!(stores.rooms.restart(&anew, room.created_at).await.unwrap());
    assert_eq!(get(&stores, room.id).await, anew);
}

async fn live_follows_the_members_of_the_log(place: impl Place) {
    let stores = place.open().await;
    let room = given::room_of("p", 1);
    keep(&stores, &room).await;
    let chat = Chat {
        stores: &stores,
        room: room.id,
    };
    let (one, two) = (given::user("u1"), given::user("u2"));
    for (event, live) in [
        (facts::held(&one, 1, true), false),
        (facts::joined_silently(&one, 1), true),
        (facts::joined(&two, 1), true),
        (facts::exited(&one, 2), true),
        (facts::switched(&two, 2, false), true),
        (facts::exited(&two, 3), false),
        // A repeat of what the log had already.
        (facts::joined(&two, 1), false),
    ] {
        chat.append(event.clone()).await;
        let now = get(&stores, room.id).await;
        assert_eq!(
            now,
            Room {
                live,
                ..room.clone()
            },
            "after {event:?}"
        );
        assert_eq!(
            !all(&stores, Which::Live).await.is_empty(),
            live,
            "after {event:?}"
        );
        assert_eq!(all(&stores, Which::All).await, [room.id]);
    }
}
