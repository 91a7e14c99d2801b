//! The broker stands still and keeps its connections: what is sent meanwhile is refused by 503 in time, and said again.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};

const LIMIT: Duration = Duration::from_secs(180);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let pauses = scale.of(1, 5);
    let pause = Duration::from_secs(scale.of(8, 60));
    let kafka = Part::start("kafka").await;
    let server = Starting::unhurried()
        .with("KAFKA_BROKERS", kafka.at())
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for _ in 0..pauses {
        crowd.more(400, LIMIT).await;
        crowd.busy(LIMIT).await;
        kafka.signal("STOP").await;
        tokio::time::sleep(pause).await;
        kafka.signal("CONT").await;
        recovered = recovered.max(crowd.more(1, LIMIT).await);
    }
    crowd.more(400, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    assert!(verdict.refused > 0, "nothing was refused: {verdict:?}");
    let archived = archive::is_the_log(&server).await;
    let also = format!(
        "{} SENDs refused by 503 and said again; {archived} messages of the log are in history",
        verdict.refused
    );
    Outcome {
        faults: pauses,
        recovered,
        verdict,
        also,
    }
}
