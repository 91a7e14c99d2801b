//! DynamoDB is away: live chat goes on, and history has all of it once it is back.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};
use crate::proxy::{Mood, Proxy};

const LIMIT: Duration = Duration::from_secs(900);
/// Of a hundred requests, once it is back.
const PERCENT: usize = 30;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let away = Duration::from_secs(scale.of(10, 600));
    let proxy = Proxy::before_dynamodb().await;
    let address = format!("http://{}", proxy.at());
    let server = Starting::unhurried()
        .with("DYNAMODB_ENDPOINT", address)
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    crowd.more(400, LIMIT).await;
    let before = (crowd.acknowledged(), proxy.struck());
    proxy.turn(Mood::Refuse);
    let recovered = crowd.more(1, LIMIT).await;
    tokio::time::sleep(away).await;
    let meanwhile = crowd.acknowledged() - before.0;
    let refused = proxy.struck() - before.1;
    assert!(refused > 0, "DynamoDB was not asked");
    proxy.turn(Mood::Throttle(PERCENT));
    crowd.more(400, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    proxy.turn(Mood::Pass);
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: refused,
        recovered,
        verdict,
        also: format!(
            "{meanwhile} messages acknowledged in {} s without it; {archived} messages of the log are in history",
            away.as_secs()
        ),
    }
}
