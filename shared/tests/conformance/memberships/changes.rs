//! What joins, exits and switches make of a membership.

use roomtone_shared::domain::event::{MemberChange, MemberEvent};
use roomtone_shared::domain::membership::{Change, Membership, UserRooms};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::store::Changed;

use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    a_join_makes_a_membership,
    joining_again_changes_nothing,
    coming_back_with_another_profile_takes_it_and_moves_nothing,
    an_exit_leaves_a_tombstone,
    coming_back_after_an_exit_is_another_membership,
    a_switch_is_turned_and_a_join_turns_it_on,
    who_is_no_member_can_neither_exit_nor_switch,
    versions_of_a_user_go_up_over_all_rooms,
];

fn pending(who: &Profile, version: u64, ms: u64, change: MemberChange) -> Option<MemberEvent> {
    let (who, at, playing) = (who.clone(), given::at(ms), None);
    Some(MemberEvent {
        who,
        version,
        at,
        change,
        playing,
    })
}

async fn a_join_makes_a_membership(place: impl Place) {
    let mut stores = place.open().await;
    let (room, silent_room) = (RoomId::new(), RoomId::new());
    let user = Member::new(&stores, "u1");
    assert_eq!(user.find(room).await, None);
    assert_eq!(user.rooms().await, UserRooms::default());
    let first = user.change_only(room, user.joining(), given::at(7)).await;
    let (who, silent) = (user.who.clone(), true);
    let joining = Change::Join { who, silent };
    let second = user.change_only(silent_room, joining, given::at(9)).await;
    let expected = |n: u64, ms: u64, silent: bool| Membership {
        who: user.who.clone(),
        joined: true,
        version: n,
        sequence: n,
        entered_at: given::at(ms),
        switch: true,
        mark: None,
        pending: pending(
            &user.who,
            n,
            ms,
            MemberChange::Joined {
                silent,
                sequence: n,
            },
        ),
    };
    assert_eq!(first.membership, expected(1, 7, false));
    assert_eq!(second.membership, expected(2, 9, true));
    assert_eq!((first.evicted, second.evicted), (None, None));
    drop((user, stores));
    stores = place.open().await;
    let user = Member::new(&stores, "u1");
    assert_eq!(user.get(room).await, first.membership);
    assert_eq!(user.get(silent_room).await, second.membership);
    let rooms = user.rooms().await;
    assert_eq!((rooms.version, rooms.sequence), (2, 2));
    assert_eq!(rooms.rooms, [room, silent_room]);
    assert_eq!(
        Member::new(&stores, "u2").rooms().await,
        UserRooms::default()
    );
}

async fn joining_again_changes_nothing(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let pending = user.change_only(room, user.joining(), given::at(7)).await;
    // The event that is still pending is given back, so that whoever asked again can bring it in.
    let again = user.ask(room, user.joining(), given::at(8)).await;
    assert_eq!(again, Changed::Already(Some(pending.membership.clone())));
    user.settle(room, &pending.membership).await;
    let (settled, rooms) = (user.get(room).await, user.rooms().await);
    let again = user.ask(room, user.joining(), given::at(9)).await;
    assert_eq!(again, Changed::Already(Some(settled.clone())));
    assert_eq!((user.get(room).await, user.rooms().await), (settled, rooms));
}

async fn coming_back_with_another_profile_takes_it_and_moves_nothing(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    user.join(room, given::at(7)).await;
    let (before, rooms) = (user.get(room).await, user.rooms().await);
    let who = Profile {
        nick_name: "Sky".into(),
        profile_image: None,
        ..user.who.clone()
    };
    let renamed = Member {
        who: who.clone(),
        ..user.clone()
    };
    let wrote = renamed.change(room, renamed.joining(), given::at(8)).await;
    assert_eq!(wrote.membership, Membership { who, ..before });
    assert_eq!(user.get(room).await, wrote.membership);
    assert_eq!(user.rooms().await, rooms);
}

async fn an_exit_leaves_a_tombstone(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    let user = Member::new(&stores, "u1");
    let joined = user.join(room, given::at(7)).await.membership;
    let gone = user
        .change_only(room, Change::Exit, given::at(8))
        .await
        .membership;
    let change = MemberChange::Exited { by: None };
    let expected = Membership {
        joined: false,
        version: 2,
        pending: pending(&user.who, 2, 8, change),
        ..joined
    };
    assert_eq!(gone, expected);
    // Exiting again finds it so, and gives the event back that is still pending.
    let again = user.ask(room, Change::Exit, given::at(9)).await;
    assert_eq!(again, Changed::Already(Some(expected.clone())));
    user.settle(room, &gone).await;
    let settled = Membership {
        pending: None,
        ..expected
    };
    drop((user, stores));
    stores = place.open().await;
    let user = Member::new(&stores, "u1");
    assert_eq!(user.get(room).await, settled);
    let again = user.ask(room, Change::Exit, given::at(9)).await;
    assert_eq!(again, Changed::Already(Some(settled.clone())));
    assert_eq!(user.get(room).await, settled);
    assert_eq!(
        (user.rooms().await.rooms, user.rooms().await.version),
        (vec![], 2)
    );
}

async fn coming_back_after_an_exit_is_another_membership(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let first = user.join(room, given::at(7)).await.membership;
    user.exit(room, given::at(8)).await;
    let second = user
        .change_only(room, user.joining(), given::at(9))
        .await
        .membership;
    assert!(second.joined && second.switch && second.pending.is_some());
    assert_eq!((second.version, second.sequence, second.mark), (3, 2, None));
    assert!(second.entered_at > first.entered_at);
    assert_eq!(user.get(room).await, second);
    assert_eq!(user.rooms().await.rooms, [room]);
}

async fn a_switch_is_turned_and_a_join_turns_it_on(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let joined = user.join(room, given::at(1)).await.membership;
    let off = Change::Switch { on: false };
    let turned = user
        .change_only(room, off.clone(), given::at(2))
        .await
        .membership;
    let change = MemberChange::Switched { on: false };
    let event = pending(&user.who, 2, 2, change);
    let expected = Membership {
        switch: false,
        version: 2,
        pending: event,
        ..joined.clone()
    };
    assert_eq!((&turned, &user.get(room).await), (&expected, &expected));
    user.settle(room, &turned).await;
    let settled = Membership {
        pending: None,
        ..expected
    };
    let again = user.ask(room, off, given::at(3)).await;
    assert_eq!(again, Changed::Already(Some(settled.clone())));
    // Neither way on is another join.
    let joining = user.joining();
    for (n, on) in [(3, Change::Switch { on: true }), (5, joining)] {
        let turned = user.change_only(room, on, given::at(n)).await.membership;
        let event = pending(&user.who, n, n, MemberChange::Switched { on: true });
        assert_eq!(
            turned,
            Membership {
                version: n,
                pending: event,
                ..joined.clone()
            }
        );
        user.settle(room, &turned).await;
        user.switch(room, false, given::at(n + 1)).await;
    }
    assert_eq!(user.rooms().await.sequence, 1);
}

async fn who_is_no_member_can_neither_exit_nor_switch(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let changes = [
        Change::Exit,
        Change::Switch { on: true },
        Change::Switch { on: false },
    ];
    for change in &changes {
        let asked = user.ask(room, change.clone(), given::at(1)).await;
        assert_eq!(asked, Changed::Already(None), "{change:?}");
        assert_eq!(user.find(room).await, None, "{change:?}");
    }
    assert_eq!(user.rooms().await, UserRooms::default());
    user.join(room, given::at(2)).await;
    user.exit(room, given::at(3)).await;
    let (gone, rooms) = (user.get(room).await, user.rooms().await);
    for change in changes {
        let asked = user.ask(room, change.clone(), given::at(4)).await;
        assert_eq!(asked, Changed::Already(Some(gone.clone())), "{change:?}");
        assert_eq!(
            (&user.get(room).await, &user.rooms().await),
            (&gone, &rooms),
            "{change:?}"
        );
    }
}

async fn versions_of_a_user_go_up_over_all_rooms(place: impl Place) {
    let stores = place.open().await;
    let (user, other) = (Member::new(&stores, "u1"), Member::new(&stores, "u2"));
    let [a, b] = [RoomId::new(), RoomId::new()];
    let mut versions = vec![];
    for n in 0..3 {
        versions.push(user.join(a, given::at(n)).await.membership.version);
        versions.push(user.join(b, given::at(n)).await.membership.version);
        versions.push(user.switch(a, false, given::at(n)).await.membership.version);
        versions.push(user.exit(a, given::at(n)).await.membership.version);
        versions.push(user.exit(b, given::at(n)).await.membership.version);
    }
    assert_eq!(versions, (1..=15).collect::<Vec<_>>());
    // Everybody counts for themselves.
    assert_eq!(other.join(a, given::at(9)).await.membership.version, 1);
}
