//! A deploy: each node is asked to end, and a new one comes in its place. Everybody who was on it resumes elsewhere.

use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Socket nodes of a fleet beside the one process.
const NODES: usize = 2;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 10_000);
    let mut trial = Trial::begin_with(Starting::unhurried(), Size::of(scale)).await;
    for _ in 0..scale.of(1, 10) * NODES {
        // The new one is there before the old one goes.
        trial.server.add_node(&[]).await;
        trial.talk(between).await;
        let before = trial.came_back();
        let mut node = trial.server.take_node(0);
        node.signal("TERM").await;
        trial.struck(1);
        trial.back_after(before).await;
        let status = node.ended().await;
        assert!(status.success(), "a node that was asked to end: {status}");
    }
    trial.talk(between).await;
    trial.judge().await.also("Every node ended with 0")
}
