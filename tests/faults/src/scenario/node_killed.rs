//! A socket node dies without a word while its clients talk.

use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 20_000);
    let mut trial = Trial::begin_with(Starting::unhurried(), Size::of(scale)).await;
    for _ in 0..scale.of(4, 50) {
        trial.talk(between).await;
        trial.lose_node().await;
        trial.server.add_node(&[]).await;
    }
    trial.talk(between).await;
    trial.judge().await
}
