//! Create: a room for a playlist, made once however often it is asked for.

use std::collections::HashSet;

use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;
use roomtone_shared::outbound::Outbound;
use roomtone_shared::rooms::{self, CreateRoom};
use roomtone_shared::search::Search;
use roomtone_shared::store::{Stores, Which};
use tokio::task::JoinSet;

use super::{create, join, told};
use crate::chat::all_recorded;
use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![of functions:
    a_new_room_has_its_owner_as_a_member_without_a_word,
    creating_again_gives_the_room_there_is,
    creating_again_makes_the_owner_a_member_again,
    a_room_that_ended_begins_anew_with_the_playlist_as_it_is_now,
    a_playlist_has_one_owner,
    of_many_creates_at_once_there_is_one_room,
    a_fifth_room_of_the_owner_ends_their_oldest,
];

async fn user_count(stores: &Stores, room: RoomId) -> u64 {
    all_recorded(stores, room).await;
    stores.history.summary(room).await.unwrap().user_count
}

async fn a_new_room_has_its_owner_as_a_member_without_a_word(place: impl Place) {
    let mut stores = place.open().await;
    let owner = given::user("owner");
    let created = create(&stores, &owner, "p").await.unwrap();
    assert!(created.new && created.evicted.is_none());
    let room = created.room;
    assert_eq!(
        (&room.owner, &room.playlist),
        (&owner, &given::playlist("p"))
    );
    drop(stores);
    stores = place.open().await;
    assert_eq!(told(&stores, room.id).await, []);
    let there = crate::rooms::get(&stores, room.id).await;
    assert_eq!((there.live, there.created_at), (true, room.created_at));
    let member = Member::new(&stores, "owner").get(room.id).await;
    assert!(member.joined && member.switch && member.pending.is_none());
    assert_eq!(user_count(&stores, room.id).await, 1);
    assert_eq!(stores.rooms.unindexed(None, 10).await.unwrap().len(), 1);
}

async fn creating_again_gives_the_room_there_is(place: impl Place) {
    let stores = place.open().await;
    let owner = given::user("owner");
    let room = create(&stores, &owner, "p").await.unwrap().room;
    let there = crate::rooms::get(&stores, room.id).await;
    for _ in 0..3 {
        let again = create(&stores, &owner, "p").await.unwrap();
        assert!(!again.new);
        assert_eq!(
            (again.room.id, again.room.created_at),
            (room.id, room.created_at)
        );
    }
    assert_eq!(crate::rooms::get(&stores, room.id).await, there);
    assert_eq!(told(&stores, room.id).await, []);
    assert!(create(&stores, &owner, "q").await.unwrap().new);
}

async fn creating_again_makes_the_owner_a_member_again(place: impl Place) {
    let stores = place.open().await;
    let owner = given::user("owner");
    let room = create(&stores, &owner, "p").await.unwrap().room;
    let enter = join(&stores, room.id, &given::user("u1")).await;
    rooms::exit(&stores, room.id, &owner.uid).await.unwrap();
    assert_eq!(user_count(&stores, room.id).await, 1);
    let again = create(&stores, &owner, "p").await.unwrap();
    assert_eq!(
        (again.new, again.room.id, again.room.created_at),
        (false, room.id, room.created_at)
    );
    assert_eq!(user_count(&stores, room.id).await, 2);
    let told = told(&stores, room.id).await;
    assert_eq!(
        told.len(),
        2,
        "an ENTER and an EXIT, and no word of who came back: {told:?}"
    );
    // They missed nothing of what was said before.
    let mark = Member::new(&stores, "owner").get(room.id).await.mark;
    assert!(mark > Some(enter), "{mark:?}");
    assert_eq!(mark, stores.history.summary(room.id).await.unwrap().last);
}

async fn a_room_that_ended_begins_anew_with_the_playlist_as_it_is_now(place: impl Place) {
    let stores = place.open().await;
    let owner = given::user("owner");
    let room = create(&stores, &owner, "p").await.unwrap().room;
    rooms::exit(&stores, room.id, &owner.uid).await.unwrap();
    assert_eq!(user_count(&stores, room.id).await, 0);
    let search = Search::new(Outbound::new(), None).unwrap();
    let mut playlist = given::playlist("p");
    playlist.name = "Another name".into();
    let wanted = CreateRoom {
        owner: owner.clone(),
        playlist: playlist.clone(),
    };
    let anew = rooms::create(&stores, &search, wanted).await.unwrap();
    assert!(!anew.new);
    assert_eq!((anew.room.id, &anew.room.playlist), (room.id, &playlist));
    assert!(anew.room.created_at > room.created_at);
    let there = crate::rooms::get(&stores, room.id).await;
    assert_eq!((there.created_at, there.live), (anew.room.created_at, true));
    assert_eq!(user_count(&stores, room.id).await, 1);
}

async fn a_playlist_has_one_owner(place: impl Place) {
    let stores = place.open().await;
    let room = create(&stores, &given::user("owner"), "p")
        .await
        .unwrap()
        .room;
    let other = given::user("u1");
    let refused = create(&stores, &other, "p").await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(Member::new(&stores, "u1").find(room.id).await, None);
    assert_eq!(
        stores.rooms.page(Which::All, None, 10).await.unwrap().len(),
        1
    );
}

async fn of_many_creates_at_once_there_is_one_room(place: impl Place) {
    let stores = place.open().await;
    for round in 0..10 {
        let mut creating = JoinSet::new();
        for _ in 0..32 {
            let (stores, owner) = (stores.clone(), given::user(&format!("u{round}")));
            creating
                .spawn(async move { create(&stores, &owner, &format!("p{round}")).await.unwrap() });
        }
        let created = creating.join_all().await;
        assert_eq!(
            created.iter().filter(|created| created.new).count(),
            1,
            "round {round}"
        );
        let answers: HashSet<_> = created
            .iter()
            .map(|c| (c.room.id, c.room.created_at))
            .collect();
        let room = crate::rooms::get(&stores, created[0].room.id).await;
        // One answer to all of them, and it holds: the playlist loops from there.
        assert_eq!(
            answers,
            [(room.id, room.created_at)].into(),
            "round {round}"
        );
        assert_eq!(user_count(&stores, room.id).await, 1);
        assert_eq!(told(&stores, room.id).await, []);
    }
    assert_eq!(
        stores
            .rooms
            .page(Which::All, None, 100)
            .await
            .unwrap()
            .len(),
        10
    );
}

async fn a_fifth_room_of_the_owner_ends_their_oldest(place: impl Place) {
    let stores = place.open().await;
    let owner = given::user("owner");
    let first = create(&stores, &owner, "p0").await.unwrap().room;
    for n in 1..4 {
        let created = create(&stores, &owner, &format!("p{n}")).await.unwrap();
        assert_eq!(created.evicted, None);
    }
    let fifth = create(&stores, &owner, "p4").await.unwrap();
    assert_eq!(fifth.evicted, Some(first.id));
    assert_eq!(user_count(&stores, first.id).await, 0);
    assert!(!crate::rooms::get(&stores, first.id).await.live);
}
