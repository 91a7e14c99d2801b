//! Redis is slow, and then takes connections and answers nothing, and then takes none.

use std::time::Duration;

use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;

use crate::proxy::{Mood, Proxy};
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

const MOODS: [Mood; 3] = [
    Mood::Delay(Duration::from_millis(200)),
    Mood::Hang,
    Mood::Refuse,
];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 4_000);
    let redis = Part::start("redis").await;
    let proxy = Proxy::before(&redis.at()).await;
    let starting = Starting::unhurried().with("REDIS_URL", format!("redis://{}", proxy.at()));
    let mut trial = Trial::begin(scale, starting).await;
    for round in 0..scale.of(3, 21) {
        trial.talk(between).await;
        let before = proxy.struck();
        proxy.turn(MOODS[round % MOODS.len()]);
        trial.next_acknowledged().await;
        trial.talk(between).await;
        assert!(proxy.struck() > before, "Redis was not asked");
        trial.struck(1);
        proxy.turn(Mood::Pass);
    }
    trial.talk(between).await;
    trial.judge().await.unnoticed()
}
