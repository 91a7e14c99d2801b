//! DynamoDB throttles a part of the requests: the recorder writes all the same, and live chat does not wait for it.

use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::proxy::{Mood, Proxy};
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

const PERCENT: usize = 30;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let proxy = Proxy::before_dynamodb().await;
    let address = format!("http://{}", proxy.at());
    let starting = Starting::unhurried().with("DYNAMODB_ENDPOINT", address);
    let mut trial = Trial::begin_with(starting, Size::of(scale)).await;
    proxy.turn(Mood::Throttle(PERCENT));
    trial.next_acknowledged().await;
    trial.talk(scale.of(2_000, 50_000)).await;
    trial.last_words().await;
    trial.struck(proxy.struck());
    proxy.turn(Mood::Pass);
    trial.judge().await
}
