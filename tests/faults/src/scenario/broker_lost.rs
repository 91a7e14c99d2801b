//! One of three brokers dies without a word: the others have all that was acknowledged, and lead what it led.

use roomtone_tests::deadline::until;
use roomtone_tests::part::{BROKERS, Part};
use roomtone_tests::server::Starting;
use roomtone_tests::topic::Topic;

use crate::crowd::Size;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 2_500);
    let kafka = Part::start_brokers().await;
    let starting = Starting::unhurried()
        .with("KAFKA_BROKERS", kafka.at())
        .with("ROOMTONE_KAFKA_REPLICATION", BROKERS)
        .with("ROOMTONE_KAFKA_MIN_INSYNC", BROKERS - 1);
    let mut trial = Trial::begin_with(starting, Size::of(scale)).await;
    let topic = Topic::of(&trial.server);
    for lost in [2, 3].into_iter().cycle().take(scale.of(1, 20)) {
        // The first is the only controller, without which nobody leads anything new.
        let led = until("a broker to lead a part of the log again", async || {
            Some(led_by(lost, &topic)).filter(|led| led.contains(&true))
        })
        .await;
        let before = ends_of(&topic).await;
        trial.talk(between).await;
        let ends = ends_of(&topic).await;
        kafka.kill_broker(lost).await;
        trial.struck(1);
        until("others to lead what it led", async || {
            (!led_by(lost, &topic).contains(&true)).then_some(())
        })
        .await;
        trial.next_acknowledged().await;
        // Where it led what somebody talks in, that goes on without it.
        let talked = before.iter().zip(&ends).map(|(before, end)| end > before);
        let wanted: Vec<bool> = led
            .iter()
            .zip(talked)
            .map(|(led, talk)| *led && talk)
            .collect();
        until("what it led to go on", async || {
            let grown = topic.ends()?.into_iter().zip(&ends);
            let mut grown = grown.map(|(now, end)| now > *end).zip(&wanted);
            grown.all(|(grown, wanted)| grown || !wanted).then_some(())
        })
        .await;
        kafka.up().await;
        until("it to have all of the log", async || {
            let copies = topic.copies();
            copies
                .iter()
                .all(|(_, copies)| *copies == usize::from(BROKERS))
                .then_some(())
        })
        .await;
    }
    trial.talk(between).await;
    trial.judge().await
}

/// Where the parts of the log end, once each has somebody who knows.
async fn ends_of(topic: &Topic) -> Vec<i64> {
    until("where the log ends", async || topic.ends()).await
}

/// Whether this broker leads each part of the log.
fn led_by(broker: i32, topic: &Topic) -> Vec<bool> {
    let copies = topic.copies().into_iter();
    copies.map(|(leader, _)| leader == broker).collect()
}
