//! Presence: what leases, holds and memberships add up to, and what becomes of it when Redis loses something.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::given::{self, State, Way};
use crate::domain::event::NodeId;
use crate::domain::membership::Change;
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::store::redis::leases::NodeLeases;
use crate::store::redis::{FleetPresence, Redis};
use crate::store::{Changed, Memberships, Presence, embedded};

const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(u64::MAX);

/// Memberships in a folder, and presence by them.
struct Town {
    _folder: tempfile::TempDir,
    memberships: Arc<dyn Memberships>,
    room: RoomId,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let memberships = embedded::open(folder.path()).unwrap().memberships;
        Self {
            _folder: folder,
            memberships,
            room: RoomId::new(),
        }
    }

    fn presence(&self, redis: &Redis) -> FleetPresence {
        FleetPresence::new(redis.clone(), self.memberships.clone())
    }

    /// Changes a membership; its event is pending until it is settled.
    async fn change(&self, uid: &str, change: Change, settled: bool) {
        let uid = given::user(uid).uid;
        let now = Timestamp::now();
        let changed = self.memberships.change(self.room, &uid, change, now).await;
        let Ok(Changed::Done { membership, .. }) = changed else {
            panic!("{changed:?}");
        };
        if settled {
            let settled = (self.memberships).settle(self.room, &uid, membership.version, None);
            settled.await.unwrap();
        }
    }

    async fn join(&self, uid: &str, settled: bool) {
        let (who, silent) = (given::user(uid), false);
        self.change(uid, Change::Join { who, silent }, settled)
            .await;
    }

    async fn hold(&self, presence: &FleetPresence, node: NodeId, uid: &str, held: bool) {
        let uid = given::user(uid).uid;
        given::sure(async || presence.hold(node, self.room, &uid, held).await.ok()).await;
    }

    async fn of(&self, presence: &FleetPresence, uid: &str) -> Standing {
        let uid = given::user(uid).uid;
        given::sure(async || presence.of(self.room, &uid).await.ok()).await
    }

    async fn nodes(&self, presence: &FleetPresence, uid: &str) -> BTreeSet<NodeId> {
        self.of(presence, uid).await.nodes
    }
}

async fn renew(presence: &FleetPresence, node: NodeId) -> bool {
    given::sure(async || presence.renew(node).await.ok()).await
}

/// Lets a node's lease run out.
async fn run_out(redis: &Redis, node: NodeId) {
    let mut past = redis::cmd("ZADD");
    past.arg(redis.key("{nodes}:leases")).arg(1).arg(node.0);
    given::command(redis, &past).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_room_is_the_sum_of_its_memberships_and_of_what_living_nodes_hold() {
    let redis = given::at(&given::url(), &given::prefix());
    let town = Town::new();
    let presence = town.presence(&redis);
    for node in [ONE, TWO] {
        renew(&presence, node).await;
    }
    for uid in ["a", "a/b", "held by two", "not held"] {
        town.join(uid, true).await;
    }
    town.join("pending", false).await;
    town.join("off", true).await;
    town.change("off", Change::Switch { on: false }, true).await;
    town.join("gone", true).await;
    town.change("gone", Change::Exit, true).await;
    for uid in ["a", "held by two", "pending", "off", "gone", "never there"] {
        town.hold(&presence, ONE, uid, true).await;
    }
    for uid in ["a/b", "held by two"] {
        town.hold(&presence, TWO, uid, true).await;
    }
    // What a node holds in another room, and what one holds that does not live, count nowhere here.
    let uid = given::user("not held").uid;
    presence.hold(ONE, RoomId::new(), &uid, true).await.unwrap();
    town.hold(&presence, NodeId(3), "not held", true).await;
    let expected: [(&str, u64, bool, bool, &[NodeId]); 8] = [
        ("a", 1, true, true, &[ONE]),
        ("a/b", 1, true, true, &[TWO]),
        ("held by two", 1, true, true, &[ONE, TWO]),
        ("not held", 1, true, true, &[]),
        ("pending", 0, true, true, &[ONE]),
        ("off", 2, true, false, &[ONE]),
        ("gone", 2, false, true, &[ONE]),
        ("never there", 0, false, false, &[ONE]),
    ];
    let (covered, room) = given::sure(async || presence.room(town.room).await.ok()).await;
    assert_eq!((covered, room.len()), (0, expected.len()), "{room:?}");
    let room: HashMap<_, _> = room.into_iter().collect();
    for (uid, version, joined, switch, nodes) in expected {
        let standing = Standing {
            version,
            joined,
            switch,
            entered: None,
            nodes: nodes.iter().copied().collect(),
        };
        assert_eq!(room[&given::user(uid).uid], standing, "{uid}");
        assert_eq!(town.of(&presence, uid).await, standing, "{uid}");
    }
    assert_eq!(town.of(&presence, "nobody").await, Standing::default());
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_node_that_is_forgotten_holds_nobody_and_others_hold_on() {
    let redis = given::at(&given::url(), &given::prefix());
    let town = Town::new();
    let presence = town.presence(&redis);
    for node in [ONE, TWO] {
        renew(&presence, node).await;
    }
    // More than are taken back at once, and in several rooms.
    let uids: Vec<_> = (0..1_200).map(|n| format!("u{n}")).collect();
    for uid in &uids {
        town.hold(&presence, ONE, uid, true).await;
    }
    for uid in &uids[..10] {
        town.hold(&presence, TWO, uid, true).await;
        town.hold(&presence, ONE, uid, false).await;
        assert_eq!(town.nodes(&presence, uid).await, [TWO].into());
    }
    given::sure(async || presence.forget(ONE).await.ok()).await;
    assert!(renew(&presence, ONE).await, "it is new");
    let (_, room) = given::sure(async || presence.room(town.room).await.ok()).await;
    let held: HashMap<_, _> = room.into_iter().map(|(uid, s)| (uid, s.nodes)).collect();
    let expected = uids[..10]
        .iter()
        .map(|uid| (given::user(uid).uid, [TWO].into()));
    assert_eq!(held, expected.collect());
    // Nothing of it stays behind.
    let mut left = redis::cmd("EXISTS");
    left.arg(redis.key("held:1"));
    assert_eq!(given::command(&redis, &left).await, redis::Value::Int(0));
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_lease_that_ran_out_or_was_lost_counts_no_more_and_is_a_new_one_when_renewed() {
    let redis = given::at(&given::url(), &given::prefix());
    let town = Town::new();
    let presence = town.presence(&redis);
    assert!(renew(&presence, ONE).await);
    town.hold(&presence, ONE, "u1", true).await;
    assert!(!renew(&presence, ONE).await);
    assert_eq!(town.nodes(&presence, "u1").await, [ONE].into());
    run_out(&redis, ONE).await;
    assert_eq!(town.nodes(&presence, "u1").await, [].into());
    assert!(renew(&presence, ONE).await, "it ran out");
    assert_eq!(town.nodes(&presence, "u1").await, [ONE].into());
    assert!(!renew(&presence, ONE).await);
    given::lose_all(&redis).await;
    assert!(renew(&presence, ONE).await, "it was lost");
    assert!(!renew(&presence, ONE).await);
    assert_eq!(town.nodes(&presence, "u1").await, [].into());
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn one_process_at_a_time_sees_to_a_lost_node() {
    let redis = given::at(&given::url(), &given::prefix());
    let processes = [0, 1].map(|_| NodeLeases::new(redis.clone()));
    let claim =
        async |n: usize| given::sure(async || processes[n].claim(&[ONE, TWO]).await.ok()).await;
    for node in [ONE, TWO] {
        given::sure(async || processes[0].renew(node).await.ok()).await;
    }
    assert_eq!(claim(0).await, [], "both live");
    run_out(&redis, ONE).await;
    assert_eq!(claim(0).await, [ONE]);
    assert_eq!(claim(1).await, []);
    // Whoever claimed it was lost as well.
    let mut past = redis::cmd("ZADD");
    past.arg(redis.key("{nodes}:claims")).arg(1).arg(ONE.0);
    given::command(&redis, &past).await;
    assert_eq!(claim(1).await, [ONE]);
    given::sure(async || processes[1].end(ONE).await.ok()).await;
    given::lose_all(&redis).await;
    // A node of which Redis knows nothing any more is claimed like others.
    assert_eq!(claim(0).await.len(), 2);
    assert_eq!(claim(1).await, []);
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn what_was_given_up_while_redis_was_away_is_given_up_with_the_next_renewal() {
    let (way, prefix) = (Way::new(State::Open).await, given::prefix());
    let (far, near) = (
        given::at(&way.url(), &prefix),
        given::at(&given::url(), &prefix),
    );
    let town = Town::new();
    let (node, other) = (town.presence(&far), town.presence(&near));
    renew(&node, ONE).await;
    for uid in ["u1", "u2"] {
        town.hold(&node, ONE, uid, true).await;
    }
    way.set(State::Cut);
    let uid = given::user("u1").uid;
    let away = Err(Error::Unavailable("presence"));
    given::sure(async || (node.hold(ONE, town.room, &uid, false).await == away).then_some(()))
        .await;
    way.set(State::Open);
    assert_eq!(town.nodes(&other, "u1").await, [ONE].into());
    assert!(renew(&node, ONE).await, "it has to say again what it holds");
    assert_eq!(town.nodes(&other, "u1").await, [].into());
    assert_eq!(town.nodes(&other, "u2").await, [ONE].into());
    assert!(!renew(&node, ONE).await);
    given::lose_all(&near).await;
}
