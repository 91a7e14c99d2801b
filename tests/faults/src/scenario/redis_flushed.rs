//! Redis loses all it holds while people talk.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::part::Part;
use roomtone_tests::server::Starting;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let flushes = scale.of(10, 500);
    let redis = Part::start("redis").await;
    let address = format!("redis://{}", redis.at());
    let server = Starting::unhurried()
        .with("REDIS_URL", address)
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for _ in 0..flushes {
        crowd.more(100, LIMIT).await;
        crowd.busy(LIMIT).await;
        flush(&redis.at()).await;
        recovered = recovered.max(crowd.more(1, LIMIT).await);
    }
    crowd.more(100, LIMIT).await;
    let verdict = crowd.finish(&server, LIMIT).await;
    assert_eq!(verdict.cut_off, 0, "somebody noticed: {verdict:?}");
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: flushes,
        recovered,
        verdict,
        also: format!("nobody was cut off; {archived} messages of the log are in history"),
    }
}

async fn flush(address: &str) {
    let mut redis = TcpStream::connect(address).await.expect("Redis");
    redis.write_all(b"FLUSHALL\r\n").await.expect("Redis");
    let mut answer = [0; 5];
    redis.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"+OK\r\n");
}
