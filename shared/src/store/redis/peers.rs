//! What one process has seen of the nodes' leases, and which nodes it takes for gone. Pure: what Redis says, and
//! Redis's time with it, are passed in.

use std::collections::{HashMap, HashSet};

use crate::domain::event::NodeId;
use crate::limits::{LEASE_MS, LEASE_RENEWAL_MS};

/// Milliseconds between two looks. Where more went by, Redis may have been away so long meanwhile that leases
/// ran out that their nodes would have renewed.
const LOOKS_APART_MAX_MS: u64 = LEASE_MS - LEASE_RENEWAL_MS;

/// The leases as Redis has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    /// Milliseconds of Redis's clock.
    pub(super) now_ms: u64,
    /// When the lease of each node ends.
    pub(super) expiries_ms: HashMap<NodeId, u64>,
}

impl Leases {
    /// Whether the node's lease goes on.
    pub(super) fn lives(&self, node: NodeId) -> bool {
        let expiry = self.expiries_ms.get(&node);
        expiry.is_some_and(|expiry| *expiry > self.now_ms)
    }
}

/// What was seen. Nobody is taken for gone before Redis was seen to answer for as long as a lease lasts: so
/// much time every node has had to renew its own.
#[derive(Debug, Default)]
pub(super) struct Peers {
    looks: Option<Looks>,
    /// Nodes that had a lease, and since when they have none.
    seen: HashMap<NodeId, Option<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Looks {
    first_ms: u64,
    last_ms: u64,
}

impl Peers {
    /// Looks at the leases there are, and at the nodes that were `buried`, of which the log knows. Gives those
    /// that are gone: their lease ran out, or Redis has lost it and they do not come back.
    pub(super) fn look(&mut self, leases: &Leases, buried: &HashSet<NodeId>) -> Vec<NodeId> {
        let now_ms = leases.now_ms;
        let first_ms = match self.looks {
            Some(looks)
                if (looks.last_ms..=looks.last_ms + LOOKS_APART_MAX_MS).contains(&now_ms) =>
            {
                looks.first_ms
            }
            _ => {
                self.seen.values_mut().for_each(|missing| *missing = None);
                now_ms
            }
        };
        let last_ms = now_ms;
        self.looks = Some(Looks { first_ms, last_ms });
        for node in leases.expiries_ms.keys() {
            self.seen.insert(*node, None);
        }
        self.seen
            .retain(|node, _| leases.expiries_ms.contains_key(node) || !buried.contains(node));
        let mut gone = vec![];
        for (node, missing) in &mut self.seen {
            let there = leases.expiries_ms.contains_key(node);
            let since_ms = match there {
                true => first_ms,
                false => *missing.get_or_insert(now_ms),
            };
            if !leases.lives(*node) && now_ms - since_ms >= LEASE_MS {
                gone.push(*node);
            }
        }
        gone
    }

    /// Redis did not answer.
    pub(super) fn missed(&mut self) {
        self.looks = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(7);

    fn leases(now_ms: u64, expiries_ms: &[(NodeId, u64)]) -> Leases {
        let expiries_ms = expiries_ms.iter().copied().collect();
        Leases {
            now_ms,
            expiries_ms,
        }
    }

    /// Looks once a second, from `from_ms` until somebody is gone; gives when that was.
    fn gone_at(
        peers: &mut Peers,
        from_ms: u64,
        buried: &HashSet<NodeId>,
        at: impl Fn(u64) -> Leases,
    ) -> Option<u64> {
        let mut looks = (from_ms..from_ms + 10 * LEASE_MS).step_by(1_000);
        looks.find(|now_ms| peers.look(&at(*now_ms), buried) == [NODE])
    }

    #[test]
    fn a_lease_that_ran_out_counts_once_redis_was_seen_to_answer_for_a_while() {
        let mut peers = Peers::default();
        let at = |now_ms| leases(now_ms, &[(NODE, 5_000)]);
        let gone = gone_at(&mut peers, 100_000, &HashSet::new(), at);
        assert_eq!(gone, Some(100_000 + LEASE_MS));
        // From then on at once, until it is renewed.
        assert_eq!(peers.look(&at(111_000), &HashSet::new()), [NODE]);
        assert!(leases(4_999, &[(NODE, 5_000)]).lives(NODE));
        assert!(!leases(5_000, &[(NODE, 5_000)]).lives(NODE));
        let renewed = leases(112_000, &[(NODE, 122_000)]);
        assert_eq!(peers.look(&renewed, &HashSet::new()), []);
    }

    #[test]
    fn where_redis_was_away_everybody_has_time_to_renew() {
        let nobody = HashSet::new();
        for away in ["a failed look", "no look", "a clock set back"] {
            let mut peers = Peers::default();
            for now_ms in (0..=2 * LEASE_MS).step_by(1_000) {
                let lives = leases(now_ms, &[(NODE, now_ms + LEASE_MS)]);
                assert_eq!(peers.look(&lives, &nobody), []);
            }
            let back_ms = match away {
                "a failed look" => {
                    peers.missed();
                    2 * LEASE_MS + 1_000
                }
                "no look" => 2 * LEASE_MS + LOOKS_APART_MAX_MS + 1,
                _ => LEASE_MS,
            };
            let at = |now_ms| leases(now_ms, &[(NODE, 1)]);
            let gone = gone_at(&mut peers, back_ms, &nobody, at);
            assert_eq!(gone, Some(back_ms + LEASE_MS), "{away}");
        }
    }

    #[test]
    fn a_node_that_redis_lost_is_gone_if_it_does_not_come_back() {
        let nobody = HashSet::new();
        let (mut peers, mut back) = (Peers::default(), Peers::default());
        for peers in [&mut peers, &mut back] {
            assert_eq!(peers.look(&leases(0, &[(NODE, LEASE_MS)]), &nobody), []);
        }
        let empty = |now_ms| leases(now_ms, &[]);
        let gone = gone_at(&mut peers, 1_000, &nobody, empty);
        assert_eq!(gone, Some(1_000 + LEASE_MS));
        let renewed = |now_ms| leases(now_ms, &[(NODE, now_ms + LEASE_MS)]);
        assert_eq!(back.look(&empty(1_000), &nobody), []);
        assert_eq!(gone_at(&mut back, 2_000, &nobody, renewed), None);
    }

    #[test]
    fn a_node_that_somebody_buried_is_not_missed() {
        let mut peers = Peers::default();
        let lives = leases(0, &[(NODE, LEASE_MS)]);
        assert_eq!(peers.look(&lives, &HashSet::new()), []);
        let at = |now_ms| leases(now_ms, &[]);
        assert_eq!(gone_at(&mut peers, 1_000, &[NODE].into(), at), None);
        // Not even when nobody remembers any more that it was buried.
        assert_eq!(gone_at(&mut peers, 101_000, &HashSet::new(), at), None);
    }
}
