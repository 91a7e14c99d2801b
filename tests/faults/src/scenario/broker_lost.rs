//! One of three brokers dies without a word: the others have all that was acknowledged, and lead what it led.

use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use super::Scale;
use crate::crowd::Size;
use crate::trial::{Outcome, Trial};

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 5_000);
    let kafka = Part::start_brokers().await;
    let starting = Starting::unhurried()
        .with("KAFKA_BROKERS", kafka.at())
        .with("ROOMTONE_KAFKA_REPLICATION", 3)
        .with("ROOMTONE_KAFKA_MIN_INSYNC", 2);
    let mut trial = Trial::begin_with(starting, Size::of(scale)).await;
    for round in 0..scale.of(2, 20) {
        trial.talk(between).await;
        // The first is the only controller, without which nobody leads anything new.
        kafka.kill_broker(2 + round % 2).await;
        trial.struck(1);
        trial.next_acknowledged().await;
        trial.talk(between).await;
        kafka.up().await;
    }
    trial.talk(between).await;
    trial.judge().await
}
