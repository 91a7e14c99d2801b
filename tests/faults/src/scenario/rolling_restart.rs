//! A deploy: each node is asked to end, and a new one comes in its place. Everybody who was on it resumes elsewhere.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};

const LIMIT: Duration = Duration::from_secs(120);
/// Socket nodes of a fleet beside the one process.
const NODES: usize = 2;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let rounds = scale.of(1, 10);
    let between = scale.of(400, 10_000);
    let mut server = Starting::unhurried().start().await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for _ in 0..rounds * NODES {
        crowd.more(between, LIMIT).await;
        let before = crowd.came_back();
        // The new one is there before the old one goes.
        server.add_node(&[]).await;
        let mut node = server.take_node(0);
        crowd.busy(LIMIT).await;
        node.signal("TERM").await;
        recovered = recovered.max(crowd.came_back_after(before, LIMIT).await);
        let status = node.ended().await;
        assert!(status.success(), "a node that was asked to end: {status}");
    }
    crowd.more(between, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: rounds * NODES,
        recovered,
        verdict,
        also: format!("every node ended with 0; {archived} messages of the log are in history"),
    }
}
