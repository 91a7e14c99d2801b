//! A socket node dies without a word while its clients talk.

use roomtone_tests::server::Starting;

use super::Scale;
use crate::crowd::Size;
use crate::trial::{Outcome, Trial};

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 20_000);
    let mut trial = Trial::begin_with(Starting::unhurried(), Size::of(scale)).await;
    for _ in 0..scale.of(4, 50) {
        trial.talk(between).await;
        let before = trial.came_back();
        let mut node = trial.server.take_node(0);
        node.kill().await;
        trial.struck(1);
        trial.back_after(before).await;
        trial.server.add_node(&[]).await;
    }
    trial.talk(between).await;
    trial.judge().await
}
