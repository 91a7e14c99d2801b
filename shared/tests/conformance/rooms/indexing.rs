//! The outbox of rooms that the search server has not acknowledged.

use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::store::Stores;

use super::{get, keep};
use crate::forms::Place;
use crate::given;

behaviours![
    a_room_waits_until_it_is_acknowledged,
    those_that_wait_are_listed_by_their_ids,
    a_room_that_begins_anew_waits_again,
    an_acknowledgement_of_an_earlier_beginning_counts_for_nothing,
];

async fn waiting(stores: &Stores) -> Vec<RoomId> {
    let rooms = stores.rooms.unindexed(None, 1_000).await.unwrap();
    rooms.iter().map(|room| room.id).collect()
}

async fn acknowledge(stores: &Stores, room: &Room) {
    stores
        .rooms
        .indexed(room.id, room.created_at)
        .await
        .unwrap();
}

async fn a_room_waits_until_it_is_acknowledged(place: impl Place) {
    let mut stores = place.open().await;
    let room = given::room_of("p", 1);
    keep(&stores, &room).await;
    assert_eq!(
        stores.rooms.unindexed(None, 10).await.unwrap(),
        std::slice::from_ref(&room)
    );
    drop(stores);
    stores = place.open().await;
    assert_eq!(waiting(&stores).await, [room.id]);
    acknowledge(&stores, &given::room_of("nobody's", 1)).await;
    assert_eq!(waiting(&stores).await, [room.id]);
    for _ in 0..2 {
        acknowledge(&stores, &room).await;
        assert_eq!(waiting(&stores).await, []);
        assert_eq!(
            get(&stores, room.id).await,
            Room {
                indexed: true,
                ..room.clone()
            }
        );
    }
    drop(stores);
    assert_eq!(waiting(&place.open().await).await, []);
}

async fn those_that_wait_are_listed_by_their_ids(place: impl Place) {
    let stores = place.open().await;
    let mut expected = vec![];
    for n in 0..11 {
        let room = given::room_of(&format!("p{n}"), n);
        keep(&stores, &room).await;
        if n % 3 == 0 {
            acknowledge(&stores, &room).await;
        } else {
            expected.push(room.id);
        }
    }
    expected.sort_unstable();
    for size in [1, 3, 7, 8] {
        let (mut listed, mut after) = (vec![], None);
        loop {
            let page = stores.rooms.unindexed(after, size).await.unwrap();
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            assert!(page.iter().all(|room| Some(room.id) > after));
            after = Some(last.id);
            listed.extend(page.iter().map(|room| room.id));
        }
        assert_eq!(listed, expected, "{size} a page");
    }
}

async fn a_room_that_begins_anew_waits_again(place: impl Place) {
    let stores = place.open().await;
    let (room, anew) = begun_anew(&stores, true).await;
    assert_eq!(waiting(&stores).await, [room.id]);
    acknowledge(&stores, &anew).await;
    assert_eq!(waiting(&stores).await, []);
}

async fn an_acknowledgement_of_an_earlier_beginning_counts_for_nothing(place: impl Place) {
    let stores = place.open().await;
    let (room, anew) = begun_anew(&stores, false).await;
    acknowledge(&stores, &room).await;
    assert_eq!(waiting(&stores).await, [room.id]);
    assert_eq!(get(&stores, room.id).await, anew);
}

/// A room that began twice, as it was each time.
async fn begun_anew(stores: &Stores, acknowledged: bool) -> (Room, Room) {
    let room = given::room_of("p", 1);
    keep(stores, &room).await;
    if acknowledged {
        acknowledge(stores, &room).await;
    }
    let anew = Room {
        created_at: given::at(2),
        ..room.clone()
    };
    assert!(stores.rooms.restart(&anew, room.created_at).await.unwrap());
    (room, anew)
}
