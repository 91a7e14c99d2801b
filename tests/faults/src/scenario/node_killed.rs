//! A socket node dies without a word while its clients talk.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let kills = scale.of(4, 50);
    let between = scale.of(400, 20_000);
    let mut server = Starting::unhurried().start().await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for _ in 0..kills {
        crowd.more(between, LIMIT).await;
        let before = crowd.came_back();
        let mut node = server.take_node(0);
        crowd.busy(LIMIT).await;
        node.kill().await;
        let back = crowd.came_back_after(before, LIMIT);
        let (back, _) = tokio::join!(back, server.add_node(&[]));
        recovered = recovered.max(back);
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
