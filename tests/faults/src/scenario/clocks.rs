//! Nodes whose clocks are an hour before and an hour behind: order, repeats and presence come from the log, whatever a clock says.

use roomtone_tests::server::Starting;

use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

const HOUR_S: &str = "3600";
const HOUR_BACK_S: &str = "-3600";

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(800, 20_000);
    let mut trial = Trial::begin(scale, Starting::unhurried()).await;
    for offset in [HOUR_S, HOUR_BACK_S] {
        let clock = [("ROOMTONE_CLOCK_OFFSET_S", offset)];
        trial.server.add_node(&clock).await;
        trial.talk(between).await;
        // In the place of one whose clock is right, so that most are on one whose clock is wrong.
        trial.lose_node().await;
    }
    trial.talk(between).await;
    trial.judge().await
}
