//! Pages of a room's members, in the order they joined.

use std::collections::BTreeSet;

use roomtone_shared::domain::membership::{MemberCursor, Membership};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;

use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    every_member_is_listed_once_in_the_order_they_joined,
    a_list_goes_on_while_members_come_and_go,
    a_list_shows_a_member_as_they_are_now,
];

async fn page(
    stores: &Stores,
    room: RoomId,
    after: Option<&Membership>,
    size: usize,
) -> Vec<Membership> {
    let after = after.map(|last| MemberCursor {
        entered_at: last.entered_at,
        uid: last.who.uid.clone(),
    });
    let page = stores.memberships.page(room, after, size).await.unwrap();
    assert!(page.len() <= size, "{} of {size}", page.len());
    page
}

async fn walk(stores: &Stores, room: RoomId, size: usize) -> Vec<Membership> {
    let mut listed: Vec<Membership> = vec![];
    loop {
        let page = page(stores, room, listed.last(), size).await;
        if page.is_empty() {
            return listed;
        }
        assert!(uids(&page).is_disjoint(&uids(&listed)), "listed twice");
        listed.extend(page);
    }
}

fn uids(members: &[Membership]) -> BTreeSet<Uid> {
    members
        .iter()
        .map(|member| member.who.uid.clone())
        .collect()
}

/// Lets users join, three of them at a time.
async fn join_many(stores: &Stores, room: RoomId, count: u64) -> Vec<Membership> {
    let mut members = vec![];
    for n in 0..count {
        // One id begins with another: "u1" and "u1x".
        let user = Member::new(stores, &format!("u{}{}", n / 2, ["", "x"][n as usize % 2]));
        members.push(user.join(room, given::at(n / 3)).await.membership);
    }
    members
}

async fn every_member_is_listed_once_in_the_order_they_joined(place: impl Place) {
    let stores = place.open().await;
    let (room, other) = (RoomId::new(), RoomId::new());
    assert_eq!(walk(&stores, room, 5).await, []);
    let members = join_many(&stores, room, 25).await;
    Member::new(&stores, "other")
        .join(other, given::at(0))
        .await;
    for size in [1, 2, 5, 24, 25, 100] {
        let listed = walk(&stores, room, size).await;
        assert!(
            listed.is_sorted_by(|a, b| a.entered_at <= b.entered_at),
            "{size} a page"
        );
        assert_eq!(
            (listed.len(), uids(&listed)),
            (25, uids(&members)),
            "{size} a page"
        );
    }
    assert_eq!(walk(&stores, other, 5).await.len(), 1);
}

async fn a_list_goes_on_while_members_come_and_go(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    let members = join_many(&stores, room, 9).await;
    let first = page(&stores, room, None, 4).await;
    // The last one shown goes, one not shown yet goes, and somebody comes.
    for gone in [&first[3], &members[8]] {
        Member::new(&stores, gone.who.uid.as_str())
            .exit(room, given::at(50))
            .await;
    }
    let came = Member::new(&stores, "came")
        .join(room, given::at(60))
        .await
        .membership;
    let rest = page(&stores, room, first.last(), 20).await;
    let mut expected = uids(&members);
    for shown in first.iter().chain([&members[8]]) {
        expected.remove(&shown.who.uid);
    }
    expected.insert(came.who.uid.clone());
    assert_eq!((rest.len(), uids(&rest)), (5, expected));
    assert_eq!(rest.last().map(|last| &last.who), Some(&came.who));
}

async fn a_list_shows_a_member_as_they_are_now(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    user.join(room, given::at(1)).await;
    assert_eq!(walk(&stores, room, 5).await, [user.get(room).await]);
    user.switch(room, false, given::at(2)).await;
    assert_eq!(walk(&stores, room, 5).await, [user.get(room).await]);
    user.exit(room, given::at(3)).await;
    assert_eq!(walk(&stores, room, 5).await, []);
    user.join(room, given::at(4)).await;
    assert_eq!(walk(&stores, room, 5).await, [user.get(room).await]);
}
