//! The broker stands still and keeps its connections: what is sent meanwhile is refused by 503 in time, and said again.

use std::time::Duration;

use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before each pause.
const BETWEEN: usize = 400;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let kafka = Part::start("kafka").await;
    let starting = Starting::unhurried().with("KAFKA_BROKERS", kafka.at());
    let mut trial = Trial::begin(scale, starting).await;
    for _ in 0..scale.of(1, 5) {
        trial.talk(BETWEEN).await;
        kafka.signal("STOP").await;
        // How long it stands still is what is tried: no condition ends it.
        tokio::time::sleep(Duration::from_secs(scale.of(8, 60))).await;
        kafka.signal("CONT").await;
        trial.struck(1);
        trial.next_acknowledged().await;
    }
    trial.talk(BETWEEN).await;
    let outcome = trial.judge().await;
    let refused = outcome.verdict.refused;
    assert!(refused > 0, "nothing was refused: {outcome:?}");
    outcome.also(format!(
        "{refused} SENDs were refused by 503 and said again"
    ))
}
