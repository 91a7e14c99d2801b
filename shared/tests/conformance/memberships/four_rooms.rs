//! At most four rooms, the one joined longest ago out first, however many join at once.

use std::collections::VecDeque;

use roomtone_shared::domain::event::MemberChange;
use roomtone_shared::domain::membership::Change;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Changed;
use tokio::task::JoinSet;

use crate::forms::Place;
use crate::given;
use crate::member::{Member, Wrote};

behaviours![
    a_fifth_room_ends_the_one_joined_longest_ago,
    coming_back_ends_none,
    a_room_joined_again_after_an_exit_is_the_newest,
    joins_are_told_apart_by_their_order_and_not_by_a_clock,
    many_joins_at_once_never_make_more_than_four,
    many_users_join_a_room_at_once,
];

/// Joins these rooms, one millisecond after the other.
async fn join_all(user: &Member, rooms: &[RoomId]) -> Vec<Wrote> {
    let mut wrote = vec![];
    for (room, ms) in rooms.iter().zip(1..) {
        wrote.push(user.join(*room, given::at(ms)).await);
    }
    wrote
}

async fn a_fifth_room_ends_the_one_joined_longest_ago(place: impl Place) {
    let mut stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(7);
    let wrote = join_all(&user, &rooms[..4]).await;
    assert!(wrote.iter().all(|wrote| wrote.evicted.is_none()));
    for n in 4..7 {
        let now = given::at(n as u64);
        let fifth = user.change_only(rooms[n], user.joining(), now).await;
        let (left, gone) = fifth.evicted.expect("one that ended");
        assert_eq!(left, rooms[n - 4]);
        assert_eq!(gone, user.get(left).await);
        assert!(!gone.joined && gone.mark.is_none());
        assert!(gone.version > wrote[n - 4].membership.version);
        let event = gone.pending.as_ref().expect("an event");
        assert_eq!(event.change, MemberChange::Exited { by: Some(rooms[n]) });
        assert_eq!((event.version, &event.who), (gone.version, &user.who));
        assert_eq!(user.rooms().await.rooms, rooms[n - 3..=n]);
        user.settle(left, &gone).await;
        user.settle(rooms[n], &fifth.membership).await;
    }
    drop((user, stores));
    stores = place.open().await;
    let user = Member::new(&stores, "u1");
    for (n, room) in rooms.iter().enumerate() {
        assert_eq!(user.get(*room).await.joined, n >= 3, "{n}");
    }
    assert_eq!(user.rooms().await.rooms, rooms[3..]);
}

async fn coming_back_ends_none(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(5);
    join_all(&user, &rooms[..4]).await;
    user.switch(rooms[0], false, given::at(8)).await;
    // By being a member already, and by being one who was off.
    let again = user.ask(rooms[1], user.joining(), given::at(9)).await;
    assert!(matches!(again, Changed::Already(Some(_))), "{again:?}");
    assert_eq!(user.join(rooms[0], given::at(9)).await.evicted, None);
    assert_eq!(user.rooms().await.rooms, rooms[..4]);
    // And the one that came back is still the one joined longest ago.
    let fifth = user.join(rooms[4], given::at(10)).await;
    assert_eq!(fifth.evicted.map(|(left, _)| left), Some(rooms[0]));
}

async fn a_room_joined_again_after_an_exit_is_the_newest(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(6);
    join_all(&user, &rooms[..4]).await;
    user.exit(rooms[0], given::at(5)).await;
    assert_eq!(user.join(rooms[0], given::at(6)).await.evicted, None);
    assert_eq!(
        user.rooms().await.rooms,
        [rooms[1], rooms[2], rooms[3], rooms[0]]
    );
    user.exit(rooms[2], given::at(7)).await;
    assert_eq!(user.join(rooms[4], given::at(8)).await.evicted, None);
    let fifth = user.join(rooms[5], given::at(9)).await;
    assert_eq!(fifth.evicted.map(|(left, _)| left), Some(rooms[1]));
}

async fn joins_are_told_apart_by_their_order_and_not_by_a_clock(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(6);
    let mut entered = vec![];
    // The clock stands still, runs back, and is set back by hours.
    for (n, ms) in [50_000_000, 50_000_000, 49_999_000, 7, 7, 50_000_001]
        .into_iter()
        .enumerate()
    {
        let wrote = user.join(rooms[n], given::at(ms)).await;
        let left = wrote.evicted.map(|(left, _)| left);
        assert_eq!(left, n.checked_sub(4).map(|oldest| rooms[oldest]), "{n}");
        entered.push(wrote.membership.entered_at);
    }
    assert!(entered.is_sorted_by(|a, b| a < b), "{entered:?}");
    assert_eq!(entered[0], given::at(50_000_000));
    // An exit that a slow clock dates before the join ends it all the same.
    user.exit(rooms[5], given::at(0)).await;
    assert!(!user.get(rooms[5]).await.joined);
}

/// Joins a room, settling whatever stands in the way; what it wrote, if anything.
async fn join_through(user: &Member, room: RoomId) -> Option<Wrote> {
    loop {
        match user.ask(room, user.joining(), given::at(1)).await {
            Changed::Already(_) => return None,
            Changed::Done {
                membership,
                evicted,
            } => {
                return Some(Wrote {
                    room,
                    membership,
                    evicted,
                });
            }
            Changed::Blocked(pending) => {
                assert!(!pending.is_empty());
                for (room, membership) in &pending {
                    user.settle(*room, membership).await;
                }
            }
        }
    }
}

/// Joins eight rooms in the order that the number gives, and sees after each that there are no more than four.
async fn join_eight(user: Member, rooms: Vec<RoomId>, n: usize) -> Vec<Wrote> {
    let mut wrote = vec![];
    for step in 0..8 {
        let room = rooms[(n * 3 + step * 5) % 8];
        wrote.extend(join_through(&user, room).await);
        let mine = user.rooms().await.rooms;
        assert!(mine.len() <= 4, "{mine:?}");
        let mut different = mine.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), mine.len(), "{mine:?}");
    }
    wrote
}

async fn many_joins_at_once_never_make_more_than_four(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(8);
    let mut joining = JoinSet::new();
    for n in 0..64 {
        joining.spawn(join_eight(user.clone(), rooms.clone(), n));
    }
    let mut wrote: Vec<Wrote> = joining.join_all().await.into_iter().flatten().collect();
    assert!(wrote.len() >= 8, "{wrote:?}");
    // One after the other in the order of their versions, they are what one user does alone.
    wrote.sort_by_key(|wrote| wrote.membership.version);
    let mut there = VecDeque::new();
    for (wrote, n) in wrote.iter().zip(1..) {
        assert_eq!(
            (wrote.membership.version, wrote.membership.sequence),
            (n, n)
        );
        assert!(!there.contains(&wrote.room), "joined twice: {wrote:?}");
        there.push_back(wrote.room);
        let oldest = if there.len() > 4 {
            there.pop_front()
        } else {
            None
        };
        assert_eq!(wrote.evicted.as_ref().map(|(left, _)| *left), oldest);
    }
    assert_eq!(
        user.rooms().await.rooms,
        Vec::from_iter(there.iter().copied())
    );
    for room in rooms {
        assert_eq!(user.get(room).await.joined, there.contains(&room));
    }
}

async fn many_users_join_a_room_at_once(place: impl Place) {
    let stores = place.open().await;
    let room = RoomId::new();
    let mut joining = JoinSet::new();
    for n in 0..64 {
        let user = Member::new(&stores, &format!("u{n}"));
        joining.spawn(async move {
            let joined = user.change_only(room, user.joining(), given::at(1)).await;
            let exited = user.ask(room, Change::Exit, given::at(2)).await;
            (joined.membership, exited)
        });
    }
    for (joined, exited) in joining.join_all().await {
        assert_eq!(joined.version, 1);
        assert_eq!(exited, Changed::Blocked(vec![(room, joined)]));
    }
    let members = stores.memberships.page(room, None, 100).await.unwrap();
    assert_eq!(members.len(), 64);
}
