//! Leases: which nodes say that they live, by Redis's clock alone, and who sees to those that do no more.
//!
//! A lease has a term, which begins anew where the lease had run out or was lost. The node learns by another
//! term than it knew that what it holds has to be said again, even if the answer that brought the first word of
//! it was lost.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use redis::{Pipeline, Script};

use super::breaker::Wait;
use super::client::{Away, Redis};
use super::peers::{Leases, Peers};
use crate::domain::event::NodeId;
use crate::limits::LEASE_MS;

/// Milliseconds in which whoever claimed a lost node has to tell the log; then another may.
const CLAIM_MS: u64 = LEASE_MS;
/// Milliseconds for which it is remembered that a node was seen to.
const BURIED_MS: u64 = 3_600_000;

static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/renew.lua")));
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/claim.lua")));
static FORGET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/forget.lua")));

/// Redis's clock: seconds, and microseconds of the second.
pub(super) type Clock = (u64, u64);
/// Nodes with the milliseconds at which their leases end.
pub(super) type Expiries = Vec<(u64, f64)>;

/// The nodes' leases in Redis.
pub(super) struct NodeLeases {
    redis: Redis,
    peers: Mutex<Peers>,
    /// The term that each node of this process knows of.
    terms: Mutex<HashMap<NodeId, u64>>,
}

impl NodeLeases {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            peers: Mutex::default(),
            terms: Mutex::default(),
        }
    }

    /// Says that a node lives; true where a new term began since it last heard.
    pub(super) async fn renew(&self, node: NodeId) -> Result<bool, Away> {
        let mut renewal = RENEW.prepare_invoke();
        for key in ["leases", "terms", "gone"] {
            renewal.key(nodes_key(&self.redis, key));
        }
        renewal.arg(node.0).arg(LEASE_MS);
        let term: u64 = self.redis.run(Wait::Probe, &renewal).await?;
        Ok(lock(&self.terms).insert(node, term) != Some(term))
    }

    /// Nodes that are gone and that this process is to see to.
    pub(super) async fn lost(&self) -> Result<Vec<NodeId>, Away> {
        let mut look = redis::pipe();
        ask(&self.redis, &mut look);
        look.zrange(nodes_key(&self.redis, "gone"), 0, -1);
        type Looked = (Clock, Expiries, HashSet<u64>);
        let looked: Result<Looked, Away> = self.redis.pipe(Wait::Full, &look).await;
        let Ok((clock, expiries, buried)) = looked else {
            lock(&self.peers).missed();
            return Err(Away);
        };
        let buried = buried.into_iter().map(NodeId).collect();
        let gone = lock(&self.peers).look(&answered(clock, expiries), &buried);
        if gone.is_empty() {
            return Ok(vec![]);
        }
        self.claim(&gone).await
    }

    /// Takes it on to see to nodes that are gone; gives those that nobody else sees to.
    pub(super) async fn claim(&self, gone: &[NodeId]) -> Result<Vec<NodeId>, Away> {
        let mut claim = CLAIM.prepare_invoke();
        for key in ["leases", "claims"] {
            claim.key(nodes_key(&self.redis, key));
        }
        claim.arg(CLAIM_MS);
        for node in gone {
            claim.arg(node.0);
        }
        let claimed: Vec<u64> = self.redis.run(Wait::Full, &claim).await?;
        Ok(claimed.into_iter().map(NodeId).collect())
    }

    /// Ends a lease for good: the log knows that the node is gone.
    pub(super) async fn end(&self, node: NodeId) -> Result<(), Away> {
        let mut forget = FORGET.prepare_invoke();
        for key in ["leases", "terms", "claims", "gone"] {
            forget.key(nodes_key(&self.redis, key));
        }
        forget.arg(node.0).arg(BURIED_MS);
        self.redis.run(Wait::Full, &forget).await
    }
}

/// Adds to a pipeline the two commands whose answers [`answered`] reads.
pub(super) fn ask(redis: &Redis, pipeline: &mut Pipeline) {
    pipeline.cmd("TIME");
    pipeline.zrange_withscores(nodes_key(redis, "leases"), 0, -1);
}

/// The leases by the answers to [`ask`].
pub(super) fn answered((s, us): Clock, expiries: Expiries) -> Leases {
    // Redis has scores as floating numbers, which are exact for milliseconds.
    let expiry = |(node, ms): (u64, f64)| (NodeId(node), ms as u64);
    Leases {
        now_ms: s.saturating_mul(1_000).saturating_add(us / 1_000),
        expiries_ms: expiries.into_iter().map(expiry).collect(),
    }
}

/// One hash tag: scripts need these together.
fn nodes_key(redis: &Redis, name: &str) -> String {
    redis.key(format_args!("{{nodes}}:{name}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
