//! Nodes that live, nodes that are lost, and what becomes of those they held.

use roomtone_shared::domain::event::{Event, Fact, NodeId, Partition};

use super::is_on;
use crate::chat::all_recorded;
use crate::forms::Place;
use crate::node::{Node, bury, lost};
use crate::operations::{join, room, room_with};
use crate::reading::{facts_of, read_from};
use crate::{deadline, given};

behaviours![
    a_node_that_is_gone_has_nobody_in_any_room,
    a_node_that_lives_no_more_is_lost_until_it_is_forgotten,
    a_node_is_asked_for_its_holds_where_they_are_not_known,
    a_node_that_was_taken_for_gone_says_again_what_it_holds,
];

async fn a_node_that_is_gone_has_nobody_in_any_room(place: impl Place) {
    let stores = place.open().await;
    let begin = stores.log.ends().await.unwrap();
    let (seven, eight) = (Node::start(&stores, 7).await, Node::start(&stores, 8).await);
    let mut rooms = vec![];
    for (n, id) in (0..).zip(given::room_id_in_each(stores.log.partitions())) {
        let room = room_with(&stores, id).await;
        let (one, two) = (given::numbered(2 * n), given::numbered(2 * n + 1));
        for who in [&one, &two] {
            join(&stores, room, who).await;
            seven.hold(room, who, true).await;
        }
        eight.hold(room, &two, true).await;
        rooms.push((room, one, two));
    }
    let _gone = seven.cut_off();
    for gone in [6, 7, 7] {
        bury(&stores, gone).await;
        for (room, one, two) in &rooms {
            all_recorded(&stores, *room).await;
            assert_eq!(is_on(&stores, *room, one).await, gone < 7, "{gone} is gone");
            assert!(is_on(&stores, *room, two).await, "{gone} is gone");
        }
    }
    let _gone = eight.cut_off();
    bury(&stores, 8).await;
    for (room, _, two) in &rooms {
        all_recorded(&stores, *room).await;
        assert!(!is_on(&stores, *room, two).await);
    }
    // Every part of the log was told, once each time.
    let all = read_from(&stores, &begin).await;
    for part in (0..stores.log.partitions()).map(Partition) {
        let mine = all.iter().filter(|record| record.partition == part);
        let gone = mine.filter_map(|record| match record.fact {
            Fact::NodeGone(node) => Some(node.0),
            _ => None,
        });
        assert_eq!(gone.collect::<Vec<_>>(), [6, 7, 7, 8], "{part:?}");
    }
}

async fn a_node_that_lives_no_more_is_lost_until_it_is_forgotten(place: impl Place) {
    let mut stores = place.open().await;
    let room = room(&stores).await;
    let (one, two) = (given::user("u1"), given::user("u2"));
    for who in [&one, &two] {
        join(&stores, room, who).await;
    }
    let (four, five) = (Node::start(&stores, 4).await, Node::start(&stores, 5).await);
    four.hold(room, &one, true).await;
    five.hold(room, &two, true).await;
    assert_eq!(stores.presence.lost().await.unwrap(), []);
    let (_lost, lives) = (four.cut_off(), five.cut_off());
    drop(stores);
    stores = place.open().await;
    let _five = Node::lives_on(lives, &stores).await;
    lost(&stores, &[4]).await;
    bury(&stores, 4).await;
    all_recorded(&stores, room).await;
    assert!(!is_on(&stores, room, &one).await);
    assert!(is_on(&stores, room, &two).await);
    assert_eq!(stores.presence.lost().await.unwrap(), []);
}

async fn a_node_is_asked_for_its_holds_where_they_are_not_known(place: impl Place) {
    let stores = place.open().await;
    let presence = &stores.presence;
    let node = NodeId(9);
    for round in 0..3 {
        assert!(presence.renew(node).await.unwrap(), "{round}: it is new");
        for _ in 0..3 {
            assert!(!presence.renew(node).await.unwrap(), "{round}: known");
        }
        // Another node's word changes nothing about this one.
        assert!(presence.renew(NodeId(100 + round)).await.unwrap());
        assert!(!presence.renew(node).await.unwrap(), "{round}: known");
        presence.forget(node).await.unwrap();
    }
}

async fn a_node_that_was_taken_for_gone_says_again_what_it_holds(place: impl Place) {
    let stores = place.open().await;
    let (room, who) = (room(&stores).await, given::user("u1"));
    join(&stores, room, &who).await;
    let node = Node::start(&stores, 3).await;
    let hold = Event::Held {
        node: NodeId(3),
        uid: who.uid.clone(),
        held: true,
    };
    node.hold(room, &who, true).await;
    let from = stores.log.ends().await.unwrap();
    bury(&stores, 3).await;
    // The log too was told that it is gone, and of the hold after that.
    let again = || async {
        let mut told = read_from(&stores, &from).await;
        told.retain(|record| record.partition == stores.log.partition(room));
        let is_on = is_on(&stores, room, &who).await;
        (is_on && told.len() > 1).then_some(told)
    };
    let told = deadline::until("the node to say it again", again).await;
    let expected = [Fact::NodeGone(NodeId(3)), Fact::In(room, hold)];
    assert_eq!(facts_of(&told), expected);
    node.hold(room, &who, false).await;
    all_recorded(&stores, room).await;
    assert!(!is_on(&stores, room, &who).await);
}
