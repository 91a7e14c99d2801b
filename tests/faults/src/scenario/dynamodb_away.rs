//! DynamoDB is away: live chat goes on, and history has all of it once it is back. A node that comes while it is away waits for it.

use std::time::Duration;

use roomtone_tests::server::Starting;

use crate::proxy::{Mood, Proxy};
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before it goes, and after it is back.
const BETWEEN: usize = 400;
/// How long it stays away once a node has come.
const LATE: Duration = Duration::from_secs(5);
/// Of a hundred requests, once it is back.
const PERCENT: usize = 30;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let away = Duration::from_secs(scale.of(10, 600));
    let proxy = Proxy::before_dynamodb().await;
    let address = format!("http://{}", proxy.at());
    let starting = Starting::unhurried().with("DYNAMODB_ENDPOINT", address);
    let mut trial = Trial::begin(scale, starting).await;
    trial.talk(BETWEEN).await;
    let before = (trial.acknowledged(), proxy.struck());
    proxy.turn(Mood::Refuse);
    trial.next_acknowledged().await;
    // How long it is away is what is tried: no condition ends it.
    tokio::time::sleep(away).await;
    let meanwhile = trial.acknowledged() - before.0;
    trial.struck(proxy.struck() - before.1);
    let (_, ()) = tokio::join!(trial.server.add_node(&[]), async {
        tokio::time::sleep(LATE).await;
        proxy.turn(Mood::Throttle(PERCENT));
    });
    trial.talk(BETWEEN).await;
    trial.last_words().await;
    proxy.turn(Mood::Pass);
    trial.judge().await.also(format!(
        "{meanwhile} messages were acknowledged in {} s without it",
        away.as_secs()
    ))
}
