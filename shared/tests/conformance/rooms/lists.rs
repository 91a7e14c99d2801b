//! Pages of rooms: newest first, none skipped and none twice.

use std::collections::HashSet;

use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::store::{RoomCursor, Stores, Which};

use super::keep;
use crate::chat::Chat;
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    every_room_is_listed_once_newest_first,
    rooms_that_come_meanwhile_disturb_no_list,
    live_rooms_are_listed_alone,
    a_room_that_begins_anew_is_listed_where_it_began_last,
];

/// Reads pages of `size` to the end.
async fn walk(stores: &Stores, which: Which, size: usize) -> Vec<Room> {
    let (mut listed, mut before): (Vec<Room>, _) = (vec![], None);
    loop {
        let page = stores.rooms.page(which, before, size).await.unwrap();
        assert!(page.len() <= size, "{} of {size}", page.len());
        let Some(last) = page.last() else {
            return listed;
        };
        assert!(ids(&page).is_disjoint(&ids(&listed)), "listed twice");
        before = Some(cursor(last));
        listed.extend(page);
    }
}

fn cursor(room: &Room) -> RoomCursor {
    let (created_at, id) = (room.created_at, room.id);
    RoomCursor { created_at, id }
}

fn ids(rooms: &[Room]) -> HashSet<RoomId> {
    rooms.iter().map(|room| room.id).collect()
}

/// Keeps rooms, three of which begin at a time.
async fn keep_many(stores: &Stores, count: u64) -> Vec<Room> {
    let mut rooms = vec![];
    for n in 0..count {
        let room = given::room_of(&format!("p{n}"), n / 3);
        keep(stores, &room).await;
        rooms.push(room);
    }
    rooms
}

async fn every_room_is_listed_once_newest_first(place: impl Place) {
    let stores = place.open().await;
    assert_eq!(walk(&stores, Which::All, 5).await, []);
    let rooms = keep_many(&stores, 25).await;
    for size in [1, 2, 5, 24, 25, 26] {
        let listed = walk(&stores, Which::All, size).await;
        assert!(
            listed.is_sorted_by(|a, b| a.created_at >= b.created_at),
            "{size} a page"
        );
        assert_eq!(
            (listed.len(), ids(&listed)),
            (25, ids(&rooms)),
            "{size} a page"
        );
    }
}

async fn rooms_that_come_meanwhile_disturb_no_list(place: impl Place) {
    let stores = place.open().await;
    let rooms = keep_many(&stores, 9).await;
    let (mut listed, mut before) = (vec![], None);
    for n in 0.. {
        let page = stores.rooms.page(Which::All, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(ids(&page).is_subset(&ids(&rooms)), "{page:?}");
        assert!(listed.len() < 9, "a list without an end");
        before = Some(cursor(last));
        listed.extend(page);
        keep(&stores, &given::room_of(&format!("later{n}"), 1_000 + n)).await;
    }
    assert_eq!((listed.len(), ids(&listed)), (9, ids(&rooms)));
}

async fn live_rooms_are_listed_alone(place: impl Place) {
    let stores = place.open().await;
    let rooms = keep_many(&stores, 12).await;
    let (live, ended): (Vec<_>, Vec<_>) =
        rooms.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    for (n, room) in live.iter().chain(&ended) {
        let chat = Chat {
            stores: &stores,
            room: room.id,
        };
        chat.append(facts::joined(&given::numbered(*n), 1)).await;
    }
    for (n, room) in &ended {
        let chat = Chat {
            stores: &stores,
            room: room.id,
        };
        chat.append(facts::exited(&given::numbered(*n), 2)).await;
    }
    let live: Vec<Room> = live.into_iter().map(|(_, room)| room).collect();
    for size in [1, 4, 6, 20] {
        let listed = walk(&stores, Which::Live, size).await;
        assert!(listed.iter().all(|room| room.live));
        assert!(
            listed.is_sorted_by(|a, b| a.created_at >= b.created_at),
            "{size} a page"
        );
        assert_eq!(
            (listed.len(), ids(&listed)),
            (6, ids(&live)),
            "{size} a page"
        );
    }
    assert_eq!(walk(&stores, Which::All, 5).await.len(), 12);
}

async fn a_room_that_begins_anew_is_listed_where_it_began_last(place: impl Place) {
    let stores = place.open().await;
    let rooms = keep_many(&stores, 4).await;
    let anew = Room {
        created_at: given::at(1_000),
        ..rooms[0].clone()
    };
    assert!(
        stores
            .rooms
            .restart(&anew, rooms[0].created_at)
            .await
            .unwrap()
    );
    let listed = walk(&stores, Which::All, 3).await;
    assert_eq!(listed[0], anew);
    assert_eq!((listed.len(), ids(&listed)), (4, ids(&rooms)));
}
