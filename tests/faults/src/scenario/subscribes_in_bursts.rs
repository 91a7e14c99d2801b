//! Everybody ends their subscriptions after a few messages and goes on by others, in the middle of what everybody says.

use std::time::Duration;

use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::person::Talk;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Long enough for a hundred thousand.
const LIMIT: Duration = Duration::from_secs(3_600);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let subscribes = scale.of(2_000, 100_000);
    let size = Size {
        talk: Talk {
            window: 16,
            pace: Duration::from_millis(5),
            subscribe_after: 3,
        },
        ..Size::calm(scale)
    };
    let mut trial = Trial::begin_with(Starting::unhurried(), size).await;
    trial.subscribed(subscribes, LIMIT).await;
    trial.struck(subscribes);
    let outcome = trial.judge().await.unnoticed();
    assert_eq!(outcome.verdict.gaps, 0, "a hole: {outcome:?}");
    outcome
}
