//! What records, memberships and holds add up to: for one user, for a room, and on top of what was read before.

use std::collections::BTreeMap;

use roomtone_shared::domain::event::{Event, Fact, NodeId};
use roomtone_shared::domain::judge::Judged;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;

use super::Act::{self, Exit, Hold, Join, Switch};
use super::{Seen, is_on, seen, standing};
use crate::chat::{Chat, all_recorded};
use crate::forms::Place;
use crate::node::{Node, bury};
use crate::operations::{create, room, room_with};
use crate::reading::{Judges, read_all};
use crate::{facts, given};

behaviours![
    a_member_with_a_socket_whose_switch_is_on_is_on,
    an_owner_who_came_without_a_word_is_on_like_others,
    a_socket_on_any_node_is_enough,
    what_the_log_had_already_changes_nothing,
    a_room_is_summed_up_by_itself,
    a_room_read_at_any_time_comes_right_by_what_the_log_says_from_there,
    presence_is_kept,
];

/// How the members of a room stand.
async fn members(stores: &Stores, room: RoomId) -> BTreeMap<Uid, Standing> {
    all_recorded(stores, room).await;
    let (_, standings) = stores.presence.room(room).await.unwrap();
    let by_uid: BTreeMap<_, _> = standings.iter().cloned().collect();
    assert_eq!(by_uid.len(), standings.len(), "{standings:?}");
    by_uid.into_iter().filter(|(_, s)| s.joined).collect()
}

fn all_seen(standings: &BTreeMap<Uid, Standing>) -> BTreeMap<Uid, Seen> {
    let all = standings.iter();
    all.map(|(uid, standing)| (uid.clone(), seen(standing)))
        .collect()
}

async fn a_member_with_a_socket_whose_switch_is_on_is_on(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    assert_eq!(standing(&stores, room, &who).await, Standing::default());
    let (one, two) = (Node::start(&stores, 1).await, Node::start(&stores, 2).await);
    for (n, (act, on)) in [
        (Hold(&one, true), false),
        (Join, true),
        (Switch(false), false),
        (Switch(true), true),
        (Hold(&one, false), false),
        (Hold(&one, true), true),
        (Exit, false),
        (Join, true),
        (Switch(false), false),
        (Hold(&one, false), false),
        (Switch(true), false),
        (Hold(&two, true), true),
    ]
    .into_iter()
    .enumerate()
    {
        act.by(&stores, room, &who).await;
        assert_eq!(is_on(&stores, room, &who).await, on, "{n}");
    }
}

async fn an_owner_who_came_without_a_word_is_on_like_others(place: impl Place) {
    let stores = place.open().await;
    let owner = given::user("owner");
    let room = create(&stores, &owner, "p").await.unwrap().room.id;
    let node = Node::start(&stores, 1).await;
    all_recorded(&stores, room).await;
    assert!(!is_on(&stores, room, &owner).await);
    Hold(&node, true).by(&stores, room, &owner).await;
    let standing = standing(&stores, room, &owner).await;
    assert!(standing.is_on(), "{standing:?}");
    assert_eq!(standing.entered, None, "they were not told of");
}

async fn a_socket_on_any_node_is_enough(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    Join.by(&stores, room, &who).await;
    let ids = [1, 2, 3, u64::MAX];
    let mut nodes = vec![];
    for id in ids {
        nodes.push(Node::start(&stores, id).await);
    }
    for (n, held, on) in [
        (0, true, true),
        (1, true, true),
        (0, false, true),
        (2, false, true),
        (1, false, false),
        (1, false, false),
        (3, true, true),
    ] {
        nodes[n].hold(room, &who, held).await;
        assert_eq!(is_on(&stores, room, &who).await, on, "node {n}, {held}");
    }
    let last = standing(&stores, room, &who).await.nodes;
    assert_eq!(last, [NodeId(u64::MAX)].into());
}

async fn what_the_log_had_already_changes_nothing(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    let chat = Chat {
        stores: &stores,
        room,
    };
    let joined = roomtone_shared::rooms::join(&stores, room, &who).await;
    let node = Node::start(&stores, 1).await;
    for act in [Hold(&node, true), Switch(false)] {
        act.by(&stores, room, &who).await;
    }
    let before = chat.standing(&who).await;
    assert_eq!(seen(&before), (2, true, false, [NodeId(1)].into()));
    let enter = joined.unwrap().notice;
    assert!(before.entered.is_none() || before.entered == enter);
    for old in [
        facts::joined(&who, 1),
        facts::switched(&who, 2, true),
        facts::exited(&who, 1),
        facts::held(&who, 1, true),
    ] {
        chat.append(old.clone()).await;
        assert_eq!(chat.standing(&who).await, before, "after {old:?}");
    }
}

async fn a_room_is_summed_up_by_itself(place: impl Place) {
    let stores = place.open().await;
    let (one, other) = (room(&stores).await, room(&stores).await);
    assert_eq!(members(&stores, one).await, BTreeMap::new());
    let node = Node::start(&stores, 1).await;
    let mut expected = BTreeMap::new();
    for n in 0..5 {
        let who = given::numbered(n);
        Join.by(&stores, one, &who).await;
        Hold(&node, n % 2 == 0).by(&stores, one, &who).await;
        expected.insert(who.uid.clone(), n % 2 == 0);
    }
    // Of another room: neither a socket there nor a member there counts here.
    Hold(&node, true)
        .by(&stores, other, &given::numbered(1))
        .await;
    Join.by(&stores, other, &given::user("elsewhere")).await;
    let summed = members(&stores, one).await;
    let on = summed.iter().map(|(uid, s)| (uid.clone(), s.is_on()));
    assert_eq!(on.collect::<BTreeMap<_, _>>(), expected);
    for (uid, standing) in &summed {
        let alone = stores.presence.of(one, uid).await.unwrap();
        assert_eq!(seen(&alone), seen(standing));
    }
    let elsewhere = members(&stores, other).await;
    assert_eq!(elsewhere.len(), 1, "{elsewhere:?}");
    for room in [one, other] {
        let (covered, _) = stores.presence.room(room).await.unwrap();
        assert!(covered <= stores.log.end(room).await.unwrap());
    }
}

/// How a room stood, and from where on the log's records come on top of it.
type Read = (u64, Vec<(Uid, Standing)>);

/// Takes in on top of a room as it was read what the log says from there on, as those do who follow it.
fn follow((covered, standings): &Read, room: RoomId, judged: &[Judged]) -> BTreeMap<Uid, Standing> {
    let mut by_uid: BTreeMap<_, _> = standings.iter().cloned().collect();
    for judged in judged.iter().filter(|j| j.record.offset >= *covered) {
        match &judged.record.fact {
            Fact::In(of, _) if *of != room => {}
            Fact::In(_, Event::Member(event)) if judged.fresh => {
                let standing: &mut Standing = by_uid.entry(event.who.uid.clone()).or_default();
                standing.member(event, judged.notice());
            }
            Fact::In(_, Event::Held { node, uid, held }) => {
                by_uid.entry(uid.clone()).or_default().held(*node, *held);
            }
            Fact::NodeGone(node) => by_uid.values_mut().for_each(|s| s.held(*node, false)),
            _ => {}
        }
    }
    by_uid.into_iter().filter(|(_, s)| s.joined).collect()
}

/// Everything that can change how somebody stands, more than once, with somebody else who stays.
async fn story(stores: &Stores, room: RoomId, read: impl AsyncFn()) {
    let (one, two) = (Node::start(stores, 1).await, Node::start(stores, 2).await);
    let acts: [(usize, Act<'_>); 14] = [
        (0, Join),
        (0, Hold(&one, true)),
        (1, Hold(&two, true)),
        (1, Join),
        (2, Join),
        (2, Hold(&two, true)),
        (0, Switch(false)),
        (1, Exit),
        (2, Hold(&two, false)),
        (0, Switch(true)),
        (1, Join),
        (2, Exit),
        (0, Hold(&two, true)),
        (0, Hold(&one, false)),
    ];
    for (who, act) in acts {
        act.by(stores, room, &given::numbered(who)).await;
        read().await;
    }
    let _gone = two.cut_off();
    bury(stores, 2).await;
    read().await;
    Hold(&one, true).by(stores, room, &given::numbered(0)).await;
}

async fn a_room_read_at_any_time_comes_right_by_what_the_log_says_from_there(place: impl Place) {
    let stores = place.open().await;
    // The last part, so that what a node has gone from is not the first alone.
    let ids = given::room_id_in_each(stores.log.partitions());
    let room = room_with(&stores, ids[ids.len() - 1]).await;
    let all_read = std::sync::Mutex::new(vec![]);
    let read = async || {
        let read: Read = stores.presence.room(room).await.unwrap();
        all_read.lock().unwrap().push(read);
    };
    // Before, between all that happens, while it happens, and after.
    read().await;
    let meanwhile = async {
        for _ in 0..100 {
            read().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(story(&stores, room, read), meanwhile);
    read().await;
    let now = all_seen(&members(&stores, room).await);
    let (zero, one) = (given::numbered(0).uid, given::numbered(1).uid);
    let expected = [
        (zero, (3, true, true, [NodeId(1)].into())),
        (one, (3, true, true, [].into())),
    ];
    assert_eq!(now, BTreeMap::from(expected));
    let mut judges = Judges::new(&stores);
    let part = stores.log.partition(room);
    let judged: Vec<Judged> = read_all(&stores)
        .await
        .into_iter()
        .filter(|record| record.partition == part)
        .map(|record| judges.judge(record))
        .collect();
    for read in all_read.into_inner().unwrap() {
        let followed = all_seen(&follow(&read, room, &judged));
        assert_eq!(followed, now, "after {read:?}");
    }
}

async fn presence_is_kept(place: impl Place) {
    let mut stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    Join.by(&stores, room, &who).await;
    let node = Node::start(&stores, 4).await;
    node.hold(room, &who, true).await;
    let before = all_seen(&members(&stores, room).await);
    assert_eq!(before.len(), 1);
    let held = node.cut_off();
    drop(stores);
    stores = place.open().await;
    let node = Node::lives_on(held, &stores).await;
    assert_eq!(all_seen(&members(&stores, room).await), before);
    assert!(is_on(&stores, room, &who).await);
    // When it is cut off, the one that starts again is another one.
    drop(node);
    bury(&stores, 4).await;
    all_recorded(&stores, room).await;
    assert!(!is_on(&stores, room, &who).await);
}
