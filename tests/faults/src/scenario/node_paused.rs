//! A socket node stands still for longer than its lease and its place among the recorders last: others go on with its share, and it
//! comes back and writes what it had begun.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::Starting;

use crate::crowd::Size;
use crate::person::Talk;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before each pause, and while it lasts.
const BETWEEN: usize = 400;
/// More than a lease of 10 s and a recorder's session of 6 s.
const PAUSE: Duration = Duration::from_secs(12);
/// Between two messages of somebody's: what takes long here is the pauses, and what is said in them all is read each time.
const PACE: Duration = Duration::from_millis(100);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let talk = Talk {
        pace: PACE,
        ..Size::calm(scale).talk
    };
    let size = Size {
        talk,
        ..Size::calm(scale)
    };
    let mut trial = Trial::begin_with(Starting::unhurried(), size).await;
    // Who is on it stays there; who comes back goes elsewhere.
    let node = trial.server.take_node(0);
    for _ in 0..scale.of(1, 20) {
        trial.talk(BETWEEN).await;
        node.signal("STOP").await;
        // How long it stands still is what is tried: no condition ends it.
        tokio::time::sleep(PAUSE).await;
        trial.talk(BETWEEN).await;
        let log = archive::log(&trial.server).await;
        archive::has_newest(&trial.server, &log).await;
        node.signal("CONT").await;
        trial.struck(1);
        trial.next_acknowledged().await;
    }
    trial.talk(BETWEEN).await;
    trial.judge().await
}
