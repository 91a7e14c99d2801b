//! Joins, exits and repeats of one user's at once on the one process, which takes far more of them than a fleet on emulators.

use super::joins_at_once;
use crate::scale::Scale;
use crate::trial::Outcome;

pub(crate) async fn run(scale: Scale) -> Outcome {
    joins_at_once::alone(scale).await
}
