//! DynamoDB throttles a part of the requests: the recorder writes all the same, and live chat does not wait for it.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};
use crate::proxy::{Mood, Proxy};

const LIMIT: Duration = Duration::from_secs(600);
const PERCENT: usize = 30;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let messages = scale.of(2_000, 50_000);
    let proxy = Proxy::before_dynamodb().await;
    let address = format!("http://{}", proxy.at());
    let server = Starting::unhurried()
        .with("DYNAMODB_ENDPOINT", address)
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    proxy.turn(Mood::Throttle(PERCENT));
    let recovered = crowd.more(1, LIMIT).await;
    crowd.more(messages, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    let throttled = proxy.struck();
    assert!(throttled > 0, "nothing was throttled");
    proxy.turn(Mood::Pass);
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: throttled,
        recovered,
        verdict,
        also: format!("{archived} messages of the log are in history"),
    }
}
