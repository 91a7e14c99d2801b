//! A node with many clients is asked to stop: they are told one after another, resume elsewhere, and miss nothing; and the stores do
//! not have all of them at once.

use std::time::{Duration, Instant};

use roomtone_tests::server::Starting;
use tokio::time::interval;

use crate::crowd::Size;
use crate::person::Talk;
use crate::proxy::Proxy;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before it.
const BEFORE: usize = 40;
/// How long the stores are watched before it, to know what is usual.
const USUAL: Duration = Duration::from_secs(10);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let size = Size {
        groups: 4,
        rooms: 1,
        talkers: 2,
        listeners: scale.of(48, 1_248),
        talk: Talk {
            window: 4,
            pace: Duration::from_millis(100),
            subscribe_after: 0,
        },
    };
    let proxy = Proxy::before_dynamodb().await;
    let address = format!("http://{}", proxy.at());
    let starting = Starting::unhurried()
        .with("DYNAMODB_ENDPOINT", address)
        // Long enough that as many may leave one after another.
        .with("ROOMTONE_DRAIN_S", scale.of(20, 120));
    let mut trial = Trial::begin_with(starting, size).await;
    trial.talk(BEFORE).await;
    let usual = busiest_second(&proxy, async {
        // What is usual is a matter of time: no condition ends it.
        tokio::time::sleep(USUAL).await;
    })
    .await;
    // The new one is there before the old one goes.
    trial.server.add_node(&[]).await;
    trial.talk(1).await;
    let before = trial.came_back();
    let mut node = trial.server.take_node(0);
    node.signal("TERM").await;
    trial.struck(1);
    trial.back_after(before).await;
    let begun = Instant::now();
    let most = busiest_second(&proxy, async {
        let status = node.ended().await;
        assert!(status.success(), "a node that was asked to end: {status}");
    })
    .await;
    let took = begun.elapsed().as_secs_f64();
    trial.talk(BEFORE).await;
    let people = size.groups * (size.talkers + size.listeners);
    let outcome = trial.judge().await;
    let moved = outcome.verdict.cut_off;
    assert!(
        most <= 2 * usual.max(1),
        "DynamoDB was asked {most} times in a second of the deploy, and {usual} times in one before"
    );
    outcome.also(format!(
        "{moved} of {people} people came to other nodes, and the node ended {took:.1} s after the first of them; DynamoDB was asked \
         {usual} times in the busiest second before and {most} times in the busiest of the deploy"
    ))
}

/// The most requests in a second while this goes on.
async fn busiest_second(proxy: &Proxy, while_doing: impl Future<Output = ()>) -> usize {
    let (mut seconds, mut before, mut most) = (interval(Duration::from_secs(1)), proxy.passed(), 0);
    seconds.tick().await;
    let mut doing = std::pin::pin!(while_doing);
    loop {
        let over = tokio::select! {
            () = &mut doing => true,
            _ = seconds.tick() => false,
        };
        let now = proxy.passed();
        (most, before) = (most.max(now - before), now);
        if over {
            return most;
        }
    }
}
