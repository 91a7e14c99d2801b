//! What becomes of calls while Redis is away, and when it is back.

use std::time::{Duration, Instant};

use super::given::{self, State, Way};
use crate::domain::event::NodeId;
use crate::domain::rate::Rate;
use crate::error::Error;
use crate::store::redis::leases::NodeLeases;
use crate::store::redis::{Away, Rates, Whose};

const RATE: Rate = Rate {
    per_s: 1_000,
    burst: 1_000,
};
const NODE: NodeId = NodeId(1);

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_start_without_redis_works_and_redis_is_found_when_it_comes() {
    let way = Way::new(State::Cut).await;
    let redis = given::at(&way.url(), &given::prefix());
    let (rates, leases) = (Rates::new(redis.clone()), NodeLeases::new(redis.clone()));
    let who = given::user("u1").uid;
    assert_eq!(rates.take(Whose::User(&who), RATE).await, Err(Away));
    assert_eq!(leases.renew(NODE).await, Err(Away));
    way.set(State::Open);
    // Others wait for a while after a failure; the lease does not.
    assert_eq!(rates.take(Whose::User(&who), RATE).await, Err(Away));
    let renewed = given::sure(async || leases.renew(NODE).await.ok()).await;
    assert!(renewed);
    assert_eq!(leases.lost().await, Ok(vec![]));
    let taken = given::sure(async || rates.take(Whose::User(&who), RATE).await.ok()).await;
    assert_eq!(taken, Ok(()));
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_connection_that_was_closed_meanwhile_is_made_anew_at_once() {
    let way = Way::new(State::Open).await;
    let redis = given::at(&way.url(), &given::prefix());
    let leases = NodeLeases::new(redis.clone());
    assert!(given::sure(async || leases.renew(NODE).await.ok()).await);
    for _ in 0..3 {
        let closed = way.closed();
        way.set(State::Cut);
        // This end need not have noticed when the next call is made.
        given::sure(async || (way.closed() > closed).then_some(())).await;
        way.set(State::Open);
        assert_eq!(leases.renew(NODE).await, Ok(false), "the term goes on");
    }
    given::lose_all(&redis).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn nobody_waits_long_for_a_redis_that_is_frozen() {
    let way = Way::new(State::Open).await;
    let redis = given::at(&way.url(), &given::prefix());
    let leases = NodeLeases::new(redis.clone());
    given::sure(async || leases.renew(NODE).await.ok()).await;
    way.set(State::Frozen);
    let begun = Instant::now();
    assert_eq!(leases.renew(NODE).await, Err(Away));
    // From now on nobody but the lease even tries.
    for _ in 0..1_000 {
        assert_eq!(leases.lost().await, Err(Away));
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(Away.presence(), Error::Unavailable("presence"));
    assert_eq!(leases.renew(NODE).await, Err(Away));
    way.set(State::Open);
    let renewed = given::sure(async || leases.renew(NODE).await.ok()).await;
    assert!(!renewed, "the term went on");
    given::lose_all(&redis).await;
}
