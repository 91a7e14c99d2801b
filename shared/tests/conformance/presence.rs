//! Presence: what the records of the log add up to.

use std::collections::{BTreeMap, BTreeSet};

use roomtone_shared::domain::event::NodeId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;

use crate::chat::{Chat, recorded};
use crate::forms::Place;
use crate::{facts, given};

behaviours![
    a_member_with_a_socket_whose_switch_is_on_is_on,
    a_socket_on_any_node_is_enough,
    a_node_that_is_gone_has_nobody_in_any_room,
    what_the_log_had_already_changes_nothing,
    a_room_is_summed_up_by_itself,
    presence_is_kept,
];

async fn nodes(stores: &Stores) -> BTreeSet<NodeId> {
    let nodes = stores.presence.nodes().await.unwrap();
    let different: BTreeSet<NodeId> = nodes.iter().copied().collect();
    assert_eq!(different.len(), nodes.len(), "{nodes:?}");
    different
}

async fn standings(stores: &Stores, room: RoomId) -> BTreeMap<Uid, Standing> {
    recorded(stores, room, *stores.log.follow().borrow()).await;
    let (_, standings) = stores.presence.room(room).await.unwrap();
    let by_uid: BTreeMap<_, _> = standings.iter().cloned().collect();
    assert_eq!(by_uid.len(), standings.len(), "{standings:?}");
    by_uid
}

async fn a_member_with_a_socket_whose_switch_is_on_is_on(place: impl Place) {
    let stores = place.open().await;
    let (chat, who) = (Chat::new(&stores), given::user("u1"));
    assert_eq!(chat.standing(&who).await, Standing::default());
    for (event, on) in [
        (facts::held(&who, 1, true), false),
        (facts::joined(&who, 1), true),
        (facts::switched(&who, 2, false), false),
        (facts::switched(&who, 3, true), true),
        (facts::held(&who, 1, false), false),
        (facts::held(&who, 1, true), true),
        (facts::exited(&who, 4), false),
        (facts::joined_silently(&who, 5), true),
        (facts::switched(&who, 6, false), false),
        (facts::held(&who, 1, false), false),
        (facts::switched(&who, 7, true), false),
        (facts::held(&who, 2, true), true),
    ] {
        chat.append(event.clone()).await;
        assert_eq!(chat.standing(&who).await.is_on(), on, "after {event:?}");
    }
}

async fn a_socket_on_any_node_is_enough(place: impl Place) {
    let stores = place.open().await;
    let (chat, who) = (Chat::new(&stores), given::user("u1"));
    chat.append(facts::joined(&who, 1)).await;
    for (node, held, on) in [
        (1, true, true),
        (2, true, true),
        (1, false, true),
        (3, false, true),
        (2, false, false),
        (2, false, false),
        (u64::MAX, true, true),
    ] {
        chat.append(facts::held(&who, node, held)).await;
        assert_eq!(chat.standing(&who).await.is_on(), on, "node {node}, {held}");
    }
    assert_eq!(nodes(&stores).await, [NodeId(u64::MAX)].into());
}

async fn a_node_that_is_gone_has_nobody_in_any_room(place: impl Place) {
    let stores = place.open().await;
    let (chat, other) = (Chat::new(&stores), Chat::new(&stores));
    let (one, two) = (given::user("u1"), given::user("u2"));
    for chat in [&chat, &other] {
        for (who, node) in [(&one, 7), (&two, 7), (&two, 8)] {
            chat.append(facts::joined(who, 1)).await;
            chat.append(facts::held(who, node, true)).await;
        }
    }
    assert_eq!(nodes(&stores).await, [NodeId(7), NodeId(8)].into());
    for gone in [6, 7, 7] {
        chat.node_gone(gone).await;
        recorded(&stores, other.room, *stores.log.follow().borrow()).await;
        for chat in [&chat, &other] {
            assert_eq!(
                chat.standing(&one).await.is_on(),
                gone < 7,
                "{gone} is gone"
            );
            assert!(chat.standing(&two).await.is_on(), "{gone} is gone");
        }
    }
    assert_eq!(nodes(&stores).await, [NodeId(8)].into());
    chat.node_gone(8).await;
    assert_eq!(nodes(&stores).await, [].into());
    assert!(!chat.standing(&two).await.is_on());
}

async fn what_the_log_had_already_changes_nothing(place: impl Place) {
    let stores = place.open().await;
    let (chat, who) = (Chat::new(&stores), given::user("u1"));
    let enter = chat.append(facts::joined(&who, 1)).await.notice;
    chat.append(facts::held(&who, 1, true)).await;
    chat.append(facts::switched(&who, 2, false)).await;
    let standing = chat.standing(&who).await;
    let expected = Standing {
        version: 2,
        joined: true,
        switch: false,
        entered: enter,
        nodes: [NodeId(1)].into(),
    };
    assert_eq!(standing, expected);
    for old in [
        facts::joined(&who, 1),
        facts::switched(&who, 2, true),
        facts::exited(&who, 1),
        facts::held(&who, 1, true),
    ] {
        chat.append(old.clone()).await;
        assert_eq!(chat.standing(&who).await, standing, "after {old:?}");
    }
}

async fn a_room_is_summed_up_by_itself(place: impl Place) {
    let stores = place.open().await;
    let (chat, other) = (Chat::new(&stores), Chat::new(&stores));
    assert_eq!(standings(&stores, chat.room).await, BTreeMap::new());
    let mut expected = BTreeMap::new();
    for n in 0..5 {
        let who = given::numbered(n);
        chat.append(facts::joined(&who, 1)).await;
        chat.append(facts::held(&who, 1, n % 2 == 0)).await;
        expected.insert(who.uid.clone(), n % 2 == 0);
    }
    let held = other
        .append(facts::held(&given::numbered(1), 1, true))
        .await;
    let summed = standings(&stores, chat.room).await;
    assert_eq!(
        summed
            .iter()
            .map(|(uid, s)| (uid.clone(), s.is_on()))
            .collect::<BTreeMap<_, _>>(),
        expected
    );
    for (uid, standing) in &summed {
        assert_eq!(stores.presence.of(chat.room, uid).await.unwrap(), *standing);
    }
    let (covered, _) = stores.presence.room(other.room).await.unwrap();
    assert!(covered > held.offset);
    assert!(covered <= stores.log.end(other.room).await.unwrap());
}

async fn presence_is_kept(place: impl Place) {
    let mut stores = place.open().await;
    let (room, who) = (RoomId::new(), given::user("u1"));
    let chat = Chat {
        stores: &stores,
        room,
    };
    chat.append(facts::joined(&who, 1)).await;
    chat.append(facts::held(&who, 4, true)).await;
    let before = standings(&stores, room).await;
    drop(stores);
    stores = place.open().await;
    assert_eq!(standings(&stores, room).await, before);
    assert_eq!(nodes(&stores).await, [NodeId(4)].into());
    // The node that was cut off is another one when it starts again.
    let chat = Chat {
        stores: &stores,
        room,
    };
    chat.node_gone(4).await;
    assert!(!chat.standing(&who).await.is_on());
}
