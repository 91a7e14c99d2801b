//! Sockets that die without a word, many at once: those that never ask for anything, those that never log in, and those that
//! stop to give a sign of life. Each is closed in time, and nobody else notices.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use roomtone_tests::deadline::within_time;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::server::Starting;
use roomtone_tests::socket::{Incoming, Opening, TEXT};
use roomtone_tests::user::User;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// What a server takes to notice, and to say so, at most: two heart-beats of 10 s, and as much again for a machine that is busy.
const CLOSED_IN: Duration = Duration::from_secs(40);
/// Messages while they fall silent.
const BETWEEN: usize = 400;
/// Sockets that are opened at once.
const TOGETHER: usize = 100;

/// After what a socket falls silent.
#[derive(Clone, Copy, Debug)]
enum After {
    Connection,
    Upgrade,
    Login,
}

const ALL: [After; 3] = [After::Connection, After::Upgrade, After::Login];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let sockets = scale.of(300, 9_000);
    let mut trial = Trial::begin(scale, Starting::unhurried()).await;
    trial.talk(BETWEEN).await;
    let (mut silent, mut open) = (JoinSet::new(), 0);
    let mut longest = [Duration::ZERO; ALL.len()];
    while open < sockets {
        for number in open..open + TOGETHER {
            let (kind, node) = (number % ALL.len(), trial.server.sockets().next());
            let user = trial.server.new_user().await;
            silent.spawn(async move { (kind, closed_after(ALL[kind], node, &user).await) });
        }
        open += TOGETHER;
        trial.next_acknowledged().await;
    }
    trial.struck(sockets);
    trial.talk(BETWEEN).await;
    while let Some(closed) = silent.join_next().await {
        let (kind, took) = closed.expect("a socket that was closed in time");
        longest[kind] = longest[kind].max(took);
    }
    let longest = longest.map(|took| took.as_secs_f64());
    trial.judge().await.unnoticed().also(format!(
        "Closed within {:.1} s after a connection, {:.1} s after an upgrade, {:.1} s after the last sign of life",
        longest[0], longest[1], longest[2]
    ))
}

/// Opens a socket, lets it fall silent, and gives how long it was left open then.
async fn closed_after(after: After, node: SocketAddr, user: &User) -> Duration {
    if matches!(after, After::Connection) {
        let mut stream = TcpStream::connect(node).await.expect("a connection");
        return open_for(async { while stream.read_u8().await.is_ok() {} }).await;
    }
    let opened = Opening::default().open(node).await;
    let socket = opened.expect("the upgrade is granted");
    let (mut writer, mut reader) = (socket.writer, socket.reader);
    if matches!(after, After::Login) {
        let hello = Frame::new("CONNECT")
            .with("accept-version", Version::V1_2.text())
            .with("host", "localhost")
            .with("heart-beat", "10000,10000")
            .with("passcode", &user.token);
        let hello = hello.encode(Version::V1_2);
        writer.message(TEXT, &hello).await.expect("a login");
    }
    open_for(async { while !matches!(reader.read().await, Incoming::Close(..) | Incoming::End) {} })
        .await
}

/// How long it takes until a socket is closed.
async fn open_for(closed: impl Future<Output = ()>) -> Duration {
    let silent = Instant::now();
    within_time(CLOSED_IN, "a silent socket to be closed", closed).await;
    silent.elapsed()
}
