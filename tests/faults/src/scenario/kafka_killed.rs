//! The broker dies without a word, and comes back on what it kept.

use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 5_000);
    let kafka = Part::start("kafka").await;
    let starting = Starting::unhurried().with("KAFKA_BROKERS", kafka.at());
    let mut trial = Trial::begin_with(starting, Size::of(scale)).await;
    for _ in 0..scale.of(2, 20) {
        trial.talk(between).await;
        kafka.kill().await;
        trial.struck(1);
        kafka.up().await;
        trial.next_acknowledged().await;
    }
    trial.talk(between).await;
    trial.judge().await
}
