//! Presence adds up the same however often a record comes.

use proptest::prelude::*;

use super::*;
use crate::domain::time::Timestamp;
use crate::domain::user::{Profile, Uid};

const JOINED: MemberChange = MemberChange::Joined {
    silent: false,
    sequence: 1,
};
const EXITED: MemberChange = MemberChange::Exited { by: None };
const ON: MemberChange = MemberChange::Switched { on: true };
const OFF: MemberChange = MemberChange::Switched { on: false };

fn event(version: u64, change: MemberChange) -> MemberEvent {
    let who = Profile {
        uid: Uid::parse("uid", "u1").unwrap(),
        nick_name: "하늘".into(),
        profile_image: None,
    };
    MemberEvent {
        who,
        version,
        at: Timestamp::from_ms(1),
        change,
        playing: None,
    }
}

fn id(offset: u64) -> MessageId {
    MessageId {
        epoch: 1,
        offset,
        index: 0,
    }
}

/// A member since version 1, with a socket on node 1.
fn present() -> Standing {
    let mut standing = Standing::default();
    standing.member(&event(1, JOINED), Some(id(1)));
    standing.held(NodeId(1), true);
    standing
}

#[test]
fn on_takes_a_membership_a_switch_and_a_socket() {
    assert!(present().is_on());
    let mut without_socket = present();
    without_socket.held(NodeId(1), false);
    assert!(!without_socket.is_on());
    for change in [OFF, EXITED] {
        let mut standing = present();
        standing.member(&event(2, change.clone()), None);
        assert!(!standing.is_on(), "{change:?}");
    }
    let mut stranger = Standing::default();
    stranger.held(NodeId(1), true);
    assert!(!stranger.is_on());
}

#[test]
fn a_membership_begins_with_its_switch_on() {
    let mut standing = present();
    standing.member(&event(2, OFF), None);
    standing.member(&event(3, EXITED), None);
    standing.member(&event(4, JOINED), Some(id(9)));
    assert!(standing.is_on());
    assert_eq!(standing.entered, Some(id(9)));
}

#[test]
fn a_switch_moves_no_beginning() {
    let mut standing = present();
    standing.member(&event(2, OFF), None);
    standing.member(&event(3, ON), None);
    assert_eq!((standing.entered, standing.is_on()), (Some(id(1)), true));
}

#[test]
fn the_last_socket_of_the_last_node_counts() {
    let mut standing = present();
    standing.held(NodeId(2), true);
    standing.held(NodeId(1), false);
    assert!(standing.is_on());
    standing.held(NodeId(3), false);
    assert!(standing.is_on());
    standing.held(NodeId(2), false);
    assert!(!standing.is_on());
}

/// What a record does to a standing.
#[derive(Clone, Debug)]
enum Step {
    Change(MemberChange),
    Held(u64, bool),
}

fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let change = prop_oneof![Just(JOINED), Just(EXITED), Just(ON), Just(OFF)];
    let step = prop_oneof![
        change.prop_map(Step::Change),
        (0..3_u64, any::<bool>()).prop_map(|(node, held)| Step::Held(node, held)),
    ];
    prop::collection::vec((step, any::<bool>()), 0..40)
}

proptest! {
    #[test]
    fn events_that_were_told_already_change_nothing(steps in steps()) {
        let (mut once, mut often, mut told) = (Standing::default(), Standing::default(), vec![]);
        for (step, again) in steps {
            match step {
                Step::Held(node, held) => {
                    once.held(NodeId(node), held);
                    often.held(NodeId(node), held);
                    often.held(NodeId(node), held);
                }
                Step::Change(change) => {
                    told.push(event(told.len() as u64 + 1, change));
                    let (new, notice) = (&told[told.len() - 1], Some(id(told.len() as u64)));
                    once.member(new, notice);
                    often.member(new, notice);
                }
            }
            if again {
                told.iter().for_each(|old| often.member(old, None));
            }
            prop_assert_eq!(&once, &often);
        }
    }
}
