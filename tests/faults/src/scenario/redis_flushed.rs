//! Redis loses all it holds while people talk.

use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before each loss.
const BETWEEN: usize = 100;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let redis = Part::start("redis").await;
    let starting = Starting::unhurried().with("REDIS_URL", format!("redis://{}", redis.at()));
    let mut trial = Trial::begin(scale, starting).await;
    for _ in 0..scale.of(10, 500) {
        trial.talk(BETWEEN).await;
        flush(&redis.at()).await;
        trial.struck(1);
        trial.next_acknowledged().await;
    }
    trial.talk(BETWEEN).await;
    trial.judge().await.unnoticed()
}

async fn flush(address: &str) {
    let mut redis = TcpStream::connect(address).await.expect("Redis");
    redis.write_all(b"FLUSHALL\r\n").await.expect("Redis");
    let mut answer = [0; 5];
    redis.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"+OK\r\n");
}
