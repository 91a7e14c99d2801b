//! Marks move forward, and only while the membership lasts that they are of.

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::store::Stores;
use tokio::task::JoinSet;

use crate::forms::Place;
use crate::given;
use crate::member::Member;

behaviours![
    a_mark_moves_forward_and_never_back,
    of_many_marks_at_once_the_furthest_stays,
    a_mark_is_of_one_membership_alone,
    a_mark_leaves_a_pending_change_alone,
];

fn id(offset: u64, index: u8) -> MessageId {
    MessageId {
        epoch: 1,
        offset,
        index,
    }
}

async fn mark(stores: &Stores, room: RoomId, user: &Member, sequence: u64, mark: MessageId) {
    let marked = stores.memberships.mark(room, &user.who.uid, sequence, mark);
    marked.await.unwrap();
}

async fn a_mark_moves_forward_and_never_back(place: impl Place) {
    let mut stores = place.open().await;
    let room = RoomId::new();
    let user = Member::new(&stores, "u1");
    user.join(room, given::at(1)).await;
    let before = user.get(room).await;
    for (to, stays) in [
        (id(5, 0), id(5, 0)),
        (id(5, 0), id(5, 0)),
        (id(4, 9), id(5, 0)),
        (id(5, 1), id(5, 1)),
        (id(300, 0), id(300, 0)),
        (id(299, 255), id(300, 0)),
    ] {
        mark(&stores, room, &user, 1, to).await;
        assert_eq!(user.get(room).await.mark, Some(stays));
    }
    drop((user, stores));
    stores = place.open().await;
    let now = Member::new(&stores, "u1").get(room).await;
    assert_eq!(now.mark, Some(id(300, 0)));
    assert_eq!(
        (now.version, now.entered_at, now.pending),
        (before.version, before.entered_at, None)
    );
}

async fn of_many_marks_at_once_the_furthest_stays(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    user.join(room, given::at(1)).await;
    let mut marking = JoinSet::new();
    for n in 0..100 {
        let (stores, user) = (stores.clone(), user.clone());
        marking.spawn(async move { mark(&stores, room, &user, 1, id(n * 37 % 100, 0)).await });
    }
    marking.join_all().await;
    assert_eq!(user.get(room).await.mark, Some(id(99, 0)));
}

async fn a_mark_is_of_one_membership_alone(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    mark(&stores, room, &user, 1, id(5, 0)).await;
    assert_eq!(user.find(room).await, None);
    user.join(room, given::at(1)).await;
    let member = user.get(room).await;
    for sequence in [0, 2] {
        mark(&stores, room, &user, sequence, id(5, 0)).await;
        assert_eq!(user.get(room).await, member, "join {sequence}");
    }
    mark(&stores, room, &user, 1, id(5, 0)).await;
    user.exit(room, given::at(2)).await;
    let gone = user.get(room).await;
    mark(&stores, room, &user, 1, id(6, 0)).await;
    assert_eq!(user.get(room).await, gone, "a tombstone");
    user.join(room, given::at(3)).await;
    let back = user.get(room).await;
    assert_eq!((back.sequence, back.mark), (2, None));
    mark(&stores, room, &user, 1, id(7, 0)).await;
    assert_eq!(user.get(room).await, back, "another membership");
    mark(&stores, room, &user, 2, id(2, 0)).await;
    assert_eq!(user.get(room).await.mark, Some(id(2, 0)));
}

async fn a_mark_leaves_a_pending_change_alone(place: impl Place) {
    let stores = place.open().await;
    let (user, room) = (Member::new(&stores, "u1"), RoomId::new());
    let joined = user
        .change_only(room, user.joining(), given::at(1))
        .await
        .membership;
    mark(&stores, room, &user, 1, id(5, 0)).await;
    assert_eq!(user.get(room).await.pending, joined.pending);
    // What was read already is not unread again because the event came late.
    let settled = stores
        .memberships
        .settle(room, &user.who.uid, 1, Some(id(3, 0)));
    settled.await.unwrap();
    let now = user.get(room).await;
    assert_eq!((now.mark, now.pending), (Some(id(5, 0)), None));
}
