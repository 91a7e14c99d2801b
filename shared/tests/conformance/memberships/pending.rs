//! A change's event is pending until it is settled, stands before every later change, and is found again.

use roomtone_shared::domain::membership::{Change, Membership};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::{Changed, Stores};

use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    a_change_waits_for_the_one_before_it,
    a_fifth_room_waits_for_the_one_that_it_ends,
    a_room_that_has_nothing_to_do_with_it_waits_for_none,
    a_new_membership_is_settled_with_its_mark,
    settling_another_version_does_nothing,
    the_mark_of_a_late_settling_still_counts,
    what_is_pending_is_found_by_its_age,
    what_is_pending_outlives_the_process,
];

fn id(offset: u64) -> MessageId {
    MessageId {
        epoch: 1,
        offset,
        index: 0,
    }
}

/// Everything pending that was decided before that time.
async fn pending(stores: &Stores, before_ms: u64) -> Vec<(RoomId, Membership)> {
    let found = stores.memberships.pending(given::at(before_ms), 1_000);
    found.await.unwrap()
}

async fn a_change_waits_for_the_one_before_it(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let joining = user.joining();
    let off = Change::Switch { on: false };
    // Each in its turn, and none of the others before it is settled.
    for (n, change) in [joining.clone(), off.clone(), Change::Exit, joining.clone()]
        .into_iter()
        .enumerate()
    {
        let written = user
            .change_only(room, change, given::at(n as u64))
            .await
            .membership;
        let rooms = user.rooms().await;
        let others = [joining.clone(), off.clone(), Change::Exit];
        let mut blocked = 0;
        for other in others {
            match user.ask(room, other, given::at(9)).await {
                Changed::Already(there) => assert_eq!(there.as_ref(), Some(&written)),
                Changed::Blocked(by) => {
                    assert_eq!(by, [(room, written.clone())]);
                    blocked += 1;
                }
                done @ Changed::Done { .. } => panic!("{done:?}"),
            }
        }
        assert!(blocked > 0);
        assert_eq!(
            (user.get(room).await, user.rooms().await),
            (written.clone(), rooms)
        );
        user.settle(room, &written).await;
    }
}

async fn a_fifth_room_waits_for_the_one_that_it_ends(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    let rooms = given::room_ids(5);
    user.join(rooms[4], given::at(0)).await;
    let fifth = user
        .change_only(rooms[4], Change::Exit, given::at(1))
        .await
        .membership;
    let oldest = user
        .change_only(rooms[0], user.joining(), given::at(2))
        .await
        .membership;
    for room in &rooms[1..4] {
        user.join(*room, given::at(3)).await;
    }
    let before = user.rooms().await;
    let Changed::Blocked(by) = user.ask(rooms[4], user.joining(), given::at(4)).await else {
        panic!("not blocked");
    };
    assert_eq!(by.len(), 2);
    assert!(by.contains(&(rooms[4], fifth.clone())) && by.contains(&(rooms[0], oldest.clone())));
    user.settle(rooms[4], &fifth).await;
    let asked = user.ask(rooms[4], user.joining(), given::at(5)).await;
    assert_eq!(asked, Changed::Blocked(vec![(rooms[0], oldest.clone())]));
    assert_eq!(user.rooms().await, before);
    user.settle(rooms[0], &oldest).await;
    let joined = user.join(rooms[4], given::at(6)).await;
    assert_eq!(joined.evicted.map(|(left, _)| left), Some(rooms[0]));
}

async fn a_room_that_has_nothing_to_do_with_it_waits_for_none(place: impl Place) {
    let stores = place.open().await;
    let user = Member::new(&stores, "u1");
    for room in given::room_ids(4) {
        user.change_only(room, user.joining(), given::at(1)).await;
    }
    assert_eq!(pending(&stores, 100).await.len(), 4);
}

async fn a_new_membership_is_settled_with_its_mark(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let joined = user
        .change_only(room, user.joining(), given::at(1))
        .await
        .membership;
    let (memberships, uid) = (&stores.memberships, &user.who.uid);
    memberships.settle(room, uid, 1, Some(id(5))).await.unwrap();
    let settled = Membership {
        pending: None,
        mark: Some(id(5)),
        ..joined
    };
    assert_eq!(user.get(room).await, settled);
    // Once more, as two may do it: nothing moves back.
    for mark in [Some(id(5)), Some(id(4)), None] {
        memberships.settle(room, uid, 1, mark).await.unwrap();
        assert_eq!(user.get(room).await, settled, "{mark:?}");
    }
    user.exit(room, given::at(2)).await;
    memberships.settle(room, uid, 2, Some(id(9))).await.unwrap();
    assert_eq!(user.get(room).await.mark, None, "a tombstone has no mark");
}

async fn settling_another_version_does_nothing(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    user.join(room, given::at(1)).await;
    let turned = user
        .change_only(room, Change::Switch { on: false }, given::at(2))
        .await
        .membership;
    let (memberships, uid) = (&stores.memberships, &user.who.uid);
    for version in [0, 1, 3] {
        memberships
            .settle(room, uid, version, Some(id(5)))
            .await
            .unwrap();
        assert_eq!(user.get(room).await, turned, "version {version}");
    }
    let stranger = given::uid("u2");
    memberships
        .settle(room, &stranger, 1, Some(id(5)))
        .await
        .unwrap();
    assert_eq!(memberships.get(room, &stranger).await.unwrap(), None);
    memberships.settle(room, uid, 2, None).await.unwrap();
    assert_eq!(
        user.get(room).await,
        Membership {
            pending: None,
            ..turned
        }
    );
}

/// Two bring the event in; the one whose record was the repeat, and so has no mark to give, settles first.
async fn the_mark_of_a_late_settling_still_counts(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let joined = user
        .change_only(room, user.joining(), given::at(1))
        .await
        .membership;
    let (memberships, uid) = (&stores.memberships, &user.who.uid);
    memberships
        .settle(room, uid, joined.version, None)
        .await
        .unwrap();
    memberships
        .settle(room, uid, joined.version, Some(id(5)))
        .await
        .unwrap();
    let settled = Membership {
        pending: None,
        mark: Some(id(5)),
        ..joined
    };
    assert_eq!(user.get(room).await, settled);
}

async fn what_is_pending_is_found_by_its_age(place: impl Place) {
    let stores = place.open().await;
    assert_eq!(pending(&stores, 1_000).await, []);
    let mut expected = vec![];
    for n in 0..6 {
        let (user, room) = (Member::new(&stores, &format!("u{n}")), RoomId::new());
        let joined = user
            .change_only(room, user.joining(), given::at(n * 10))
            .await;
        expected.push((room, joined.membership));
    }
    for (before_ms, count) in [(0, 0), (1, 1), (10, 1), (11, 2), (1_000, 6)] {
        let mut found = pending(&stores, before_ms).await;
        found.sort_by_key(|(_, membership)| membership.entered_at);
        assert_eq!(found, expected[..count], "before {before_ms}");
    }
    let two = stores
        .memberships
        .pending(given::at(1_000), 2)
        .await
        .unwrap();
    assert!(
        two.len() == 2 && two.iter().all(|one| expected.contains(one)),
        "{two:?}"
    );
    let (room, settled) = &expected[3];
    let user = Member::new(&stores, settled.who.uid.as_str());
    user.settle(*room, settled).await;
    let found = pending(&stores, 1_000).await;
    assert!(
        found.len() == 5 && !found.iter().any(|(other, _)| other == room),
        "{found:?}"
    );
    // A later change is found at its own age.
    let gone = user
        .change_only(*room, Change::Exit, given::at(5_000))
        .await
        .membership;
    assert_eq!(pending(&stores, 5_000).await.len(), 5);
    assert!(pending(&stores, 5_001).await.contains(&(*room, gone)));
}

async fn what_is_pending_outlives_the_process(place: impl Place) {
    let mut stores = place.open().await;
    let rooms = given::room_ids(5);
    let user = Member::new(&stores, "u1");
    for room in &rooms[..4] {
        user.join(*room, given::at(1)).await;
    }
    let fifth = user
        .change_only(rooms[4], user.joining(), given::at(10))
        .await;
    drop((user, stores));
    stores = place.open().await;
    let found = pending(&stores, 1_000).await;
    assert_eq!(found.len(), 2);
    assert!(found.contains(&(rooms[4], fifth.membership)));
    assert!(found.contains(&fifth.evicted.expect("one that ended")));
}
