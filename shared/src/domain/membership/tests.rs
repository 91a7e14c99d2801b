//! One user's changes, one after the other, against a plain model of the rule of four rooms.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Rooms that the user goes in and out of.
const ROOMS: u8 = 8;

/// How far a member has read, once the event of the join is logged.
const MARK: MessageId = MessageId {
    epoch: 1,
    offset: 1,
    index: 0,
};

fn room(n: u8) -> RoomId {
    RoomId::from_bytes([n; 16])
}

fn who(nick_name: &str) -> Profile {
    Profile {
        uid: Uid::parse("uid", "u1").unwrap(),
        nick_name: nick_name.into(),
        profile_image: None,
    }
}

/// What a store keeps of one user.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    user: UserRooms,
    memberships: BTreeMap<RoomId, Membership>,
}

impl Kept {
    fn plan(&self, of: RoomId, change: &Change, now: Timestamp) -> Planned {
        let target = self.memberships.get(&of).cloned();
        let oldest = to_evict(&self.user, of).map(|id| (id, self.memberships[&id].clone()));
        plan(&self.user, of, target, oldest, change, now)
    }

    fn write(&mut self, of: RoomId, plan: Plan) {
        self.user = plan.user;
        self.memberships.insert(of, plan.membership);
        self.memberships.extend(plan.evicted);
    }

    fn settle(&mut self, of: RoomId) {
        if let Some(membership) = self.memberships.get_mut(&of) {
            membership.pending = None;
            membership.mark = membership.joined.then_some(MARK);
        }
    }

    fn pending(&self, of: RoomId) -> bool {
        self.memberships
            .get(&of)
            .is_some_and(|m| m.pending.is_some())
    }
}

/// The rule in its plainest form: the rooms in the order they were joined, each with its switch.
#[derive(Debug, Default)]
struct Model(Vec<(RoomId, bool)>);

impl Model {
    fn switch(&self, of: RoomId) -> Option<bool> {
        let there = self.0.iter().find(|(room, _)| *room == of);
        there.map(|(_, on)| *on)
    }

    fn rooms(&self) -> Vec<RoomId> {
        self.0.iter().map(|(room, _)| *room).collect()
    }

    /// Makes the change; what the log is to be told of the room itself, and the room that was left for it.
    fn change(&mut self, of: RoomId, change: &Change) -> (Option<MemberChange>, Option<RoomId>) {
        let there = self.switch(of);
        match (change, there) {
            (Change::Join { silent, .. }, None) => {
                self.0.push((of, true));
                let left = (self.0.len() > limits::ROOMS_PER_USER).then(|| self.0.remove(0).0);
                // The sequence is looked at elsewhere.
                let joined = MemberChange::Joined {
                    silent: *silent,
                    sequence: 0,
                };
                (Some(joined), left)
            }
            (Change::Exit, Some(_)) => {
                self.0.retain(|(room, _)| *room != of);
                (Some(MemberChange::Exited { by: None }), None)
            }
            (Change::Join { .. }, Some(was)) => (self.turn(of, was, true), None),
            (Change::Switch { on }, Some(was)) => (self.turn(of, was, *on), None),
            (Change::Exit | Change::Switch { .. }, None) => (None, None),
        }
    }

    fn turn(&mut self, of: RoomId, was: bool, on: bool) -> Option<MemberChange> {
        self.0
            .iter_mut()
            .filter(|(room, _)| *room == of)
            .for_each(|(_, switch)| *switch = on);
        (was != on).then_some(MemberChange::Switched { on })
    }
}

fn change() -> impl Strategy<Value = Change> {
    let who = prop_oneof![4 => Just(who("하늘")), 1 => Just(who("Sky"))];
    prop_oneof![
        5 => (who, any::<bool>()).prop_map(|(who, silent)| Change::Join { who, silent }),
        2 => Just(Change::Exit),
        2 => any::<bool>().prop_map(|on| Change::Switch { on }),
    ]
}

/// Changes in their order: of which room, at what time by a clock that goes as it likes, and whether all
/// that is pending is settled afterwards.
fn changes() -> impl Strategy<Value = Vec<(u8, Change, u64, bool)>> {
    let one = (0..ROOMS, change(), 0..10_000_u64, prop::bool::weighted(0.8));
    prop::collection::vec(one, 1..120)
}

/// What holds of everything that is kept, whatever happened.
fn sound(kept: &Kept, model: &Model) -> Result<(), TestCaseError> {
    prop_assert!(kept.user.rooms.len() <= limits::ROOMS_PER_USER);
    prop_assert_eq!(&kept.user.rooms, &model.rooms());
    for (room, membership) in &kept.memberships {
        prop_assert_eq!(membership.joined, kept.user.rooms.contains(room));
        prop_assert!(membership.version <= kept.user.version);
        prop_assert!(membership.joined || membership.mark.is_none());
        let event = membership.pending.as_ref();
        prop_assert!(event.is_none_or(|event| event.version == membership.version));
    }
    let joined: Vec<&Membership> = kept
        .user
        .rooms
        .iter()
        .map(|room| &kept.memberships[room])
        .collect();
    prop_assert!(
        joined.is_sorted_by(|a, b| a.sequence < b.sequence && a.entered_at < b.entered_at)
    );
    for ((_, on), membership) in model.0.iter().zip(joined) {
        prop_assert_eq!(*on, membership.switch);
    }
    Ok(())
}

/// The event that a membership waits to have logged, as the model has it.
fn told(membership: &Membership) -> Option<MemberChange> {
    membership.pending.as_ref().map(|event| match event.change {
        MemberChange::Joined { silent, .. } => MemberChange::Joined {
            silent,
            sequence: 0,
        },
        ref other => other.clone(),
    })
}

/// What is written of a change: news, or another profile, and exactly what the model says.
fn written(
    before: &Kept,
    of: RoomId,
    plan: &Plan,
    expected: &(Option<MemberChange>, Option<RoomId>),
) -> Result<(), TestCaseError> {
    let (change, left) = expected;
    prop_assert_eq!(&told(&plan.membership), change);
    prop_assert_eq!(plan.evicted.as_ref().map(|(room, _)| *room), *left);
    prop_assert_eq!(
        plan.user.version,
        before.user.version + u64::from(change.is_some())
    );
    if change.is_some() {
        prop_assert_eq!(plan.membership.version, plan.user.version);
    }
    if let Some((_, gone)) = &plan.evicted {
        prop_assert_eq!(gone.version, plan.user.version);
        prop_assert_eq!(told(gone), Some(MemberChange::Exited { by: Some(of) }));
    }
    if let Some(MemberChange::Joined { .. }) = change {
        prop_assert_eq!(plan.membership.mark, None);
        prop_assert_eq!(plan.user.sequence, before.user.sequence + 1);
        prop_assert_eq!(plan.membership.sequence, plan.user.sequence);
    } else {
        let was = &before.memberships[&of];
        prop_assert_eq!(plan.membership.entered_at, was.entered_at);
        prop_assert_eq!(plan.membership.sequence, was.sequence);
        prop_assert_eq!(plan.user.sequence, before.user.sequence);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_users_changes_are_those_of_the_plain_rule(changes in changes()) {
        let (mut kept, mut model) = (Kept::default(), Model::default());
        for (n, change, ms, settles) in changes {
            let (of, before) = (room(n), kept.clone());
            match kept.plan(of, &change, Timestamp::from_ms(ms)) {
                Planned::Write(plan) => {
                    written(&before, of, &plan, &model.change(of, &change))?;
                    kept.write(of, plan);
                }
                Planned::Already(there) => {
                    prop_assert_eq!(model.change(of, &change), (None, None));
                    prop_assert_eq!(there.as_ref(), kept.memberships.get(&of));
                }
                Planned::Blocked(by) => {
                    let oldest = to_evict(&kept.user, of).filter(|_| matches!(change, Change::Join { .. }));
                    let mut expected: Vec<RoomId> = [of].into_iter().chain(oldest).collect();
                    expected.retain(|room| kept.pending(*room));
                    prop_assert!(!by.is_empty());
                    prop_assert_eq!(by.iter().map(|(room, _)| *room).collect::<Vec<_>>(), expected);
                    by.iter().for_each(|(room, _)| kept.settle(*room));
                }
            }
            if settles {
                (0..ROOMS).for_each(|n| kept.settle(room(n)));
            }
            sound(&kept, &model)?;
        }
    }
}

#[test]
fn an_exit_that_is_asked_for_again_gives_its_event_back() {
    let mut kept = Kept::default();
    let join = Change::Join {
        who: who("하늘"),
        silent: false,
    };
    for change in [join, Change::Exit] {
        kept.settle(room(0));
        let Planned::Write(plan) = kept.plan(room(0), &change, Timestamp::from_ms(1)) else {
            panic!("not written: {change:?}");
        };
        kept.write(room(0), plan);
    }
    let tombstone = kept.memberships[&room(0)].clone();
    assert!(!tombstone.joined && tombstone.pending.is_some());
    let again = kept.plan(room(0), &Change::Exit, Timestamp::from_ms(2));
    assert_eq!(again, Planned::Already(Some(tombstone)));
}

#[test]
fn a_clock_that_is_set_back_makes_no_join_look_earlier() {
    let mut kept = Kept::default();
    let join = Change::Join {
        who: who("하늘"),
        silent: false,
    };
    let mut entered = vec![];
    for (n, ms) in (0..).zip([9_000, 9_000, 10, 0, 9_001, 20_000]) {
        let Planned::Write(plan) = kept.plan(room(n), &join, Timestamp::from_ms(ms)) else {
            panic!("not written: {n}");
        };
        entered.push(plan.membership.entered_at.ms());
        kept.write(room(n), plan);
        (0..ROOMS).for_each(|n| kept.settle(room(n)));
    }
    assert_eq!(entered, [9_000, 9_001, 9_002, 9_003, 9_004, 20_000]);
}
