//! Redis is slow, and then takes connections and answers nothing, and then takes none.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};
use crate::proxy::{Mood, Proxy};

const LIMIT: Duration = Duration::from_secs(120);
const MOODS: [Mood; 3] = [
    Mood::Delay(Duration::from_millis(200)),
    Mood::Hang,
    Mood::Refuse,
];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let rounds = scale.of(3, 21);
    let between = scale.of(400, 4_000);
    let redis = Part::start("redis").await;
    let proxy = Proxy::before(&redis.at()).await;
    let address = format!("redis://{}", proxy.at());
    let server = Starting::unhurried()
        .with("REDIS_URL", address)
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for round in 0..rounds {
        crowd.more(between, LIMIT).await;
        let before = proxy.struck();
        proxy.turn(MOODS[round % MOODS.len()]);
        recovered = recovered.max(crowd.more(between, LIMIT).await);
        assert!(proxy.struck() > before, "Redis was not asked");
        proxy.turn(Mood::Pass);
    }
    crowd.more(between, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    assert_eq!(verdict.cut_off, 0, "somebody noticed: {verdict:?}");
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: rounds,
        recovered,
        verdict,
        also: format!("nobody was cut off; {archived} messages of the log are in history"),
    }
}
