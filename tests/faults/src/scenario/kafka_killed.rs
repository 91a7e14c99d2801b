//! The broker dies without a word, and comes back on what it kept.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};

const LIMIT: Duration = Duration::from_secs(180);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let kills = scale.of(2, 20);
    let between = scale.of(400, 5_000);
    let kafka = Part::start("kafka").await;
    let server = Starting::unhurried()
        .with("KAFKA_BROKERS", kafka.at())
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for _ in 0..kills {
        crowd.more(between, LIMIT).await;
        crowd.busy(LIMIT).await;
        kafka.kill().await;
        kafka.up().await;
        recovered = recovered.max(crowd.more(1, LIMIT).await);
    }
    crowd.more(between, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: kills,
        recovered,
        verdict,
        also: format!("{archived} messages of the log are in history"),
    }
}
