//! Rates: one bucket for all processes.

use super::given;
use crate::domain::rate::Rate;
use crate::store::redis::{Rates, Whose};

const RATE: Rate = Rate {
    per_s: 1,
    burst: 30,
};

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_burst_passes_whichever_process_is_asked_and_then_the_rate() {
    let (url, prefix) = (given::url(), given::prefix());
    let processes = [given::at(&url, &prefix), given::at(&url, &prefix)];
    let rates = processes.clone().map(Rates::new);
    let (who, other) = (given::user("u1").uid, given::user("u2").uid);
    let take = async |n: usize, rate| {
        given::sure(async || rates[n % 2].take(Whose::User(&who), rate).await.ok()).await
    };
    let mut passed = 0;
    // A token comes back in a second; what was taken in vain, its answer too late, is taken as well.
    while take(passed, RATE).await.is_ok() {
        passed += 1;
        assert!(passed <= 60, "no end");
    }
    assert!((25..=40).contains(&passed), "{passed}");
    assert_eq!(take(0, RATE).await, Err(1));
    let slow = Rate { per_s: 1, burst: 1 };
    assert_eq!(take(1, slow).await, Err(1));
    // Another user's bucket is full.
    let full = given::sure(async || rates[0].take(Whose::User(&other), RATE).await.ok()).await;
    assert_eq!(full, Ok(()));
    // It fills up again, and then it need not be kept.
    given::sure(async || take(0, RATE).await.ok()).await;
    let mut left = redis::cmd("PTTL");
    left.arg(processes[0].key("rate:u1"));
    let redis::Value::Int(left_ms) = given::command(&processes[0], &left).await else {
        panic!("no number");
    };
    assert!((20_000..=31_000).contains(&left_ms), "{left_ms}");
    given::lose_all(&processes[0]).await;
}
