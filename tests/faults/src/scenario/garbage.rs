//! Frames that say nothing sensible, thousands of them, at a node where people talk: each is refused or ends its own connection,
//! and nobody else notices.

use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::connect;
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{BINARY, Incoming, Opening, PONG, TEXT};
use tokio::task::JoinSet;

use crate::random::Random;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Who sends garbage, at once.
const SENDERS: usize = 4;
/// Frames that a connection is sent before one of them breaks the protocol, more or less.
const FRAMES_EACH: usize = 100;

/// Frames that are whole and wrong: the first few are refused, the others end the connection.
const REFUSED: [&str; 6] = [
    "SEND\ndestination:/chat/pub/send\n\n{\0",
    "SEND\ndestination:/chat/pub/send\n\n{\"roomId\":7,\"content\":[]}\0",
    "SEND\ndestination:/chat/pub/nowhere\n\n{}\0",
    "SEND\ndestination:/chat/pub/join\n\n{\"roomId\":\"00000000-0000-4000-8000-000000000000\"}\0",
    "SEND\ndestination:/chat/pub/presence\n\n{\"roomId\":\"x\",\"presence\":\"perhaps\"}\0",
    "SEND\ndestination:/chat/pub/refresh\n\n{\"token\":\"a.b.c\"}\0",
];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let frames = scale.of(5_000, 1_000_000);
    let mut trial = Trial::begin(scale, Starting::unhurried()).await;
    trial.talk(400).await;
    let mut sending = JoinSet::new();
    for sender in 0..SENDERS {
        let token = trial.server.new_user().await.token;
        let sockets = trial.server.sockets().clone();
        sending.spawn(async move {
            let mut random = Random::new(sender);
            let (mut sent, mut answered) = (0, 0);
            while sent < frames / SENDERS {
                answered += connection(sockets.next(), &token, &mut random).await;
                sent += FRAMES_EACH;
            }
            answered
        });
    }
    let mut answered = 0;
    while let Some(done) = sending.join_next().await {
        answered += done.expect("somebody who sent all of it");
    }
    assert!(answered > 0, "nobody was told anything");
    trial.struck(frames);
    trial.next_acknowledged().await;
    alive(&trial.server).await;
    trial.judge().await.unnoticed().also(format!(
        "{answered} were refused by name, the others by the end of their connection"
    ))
}

/// One connection's garbage; gives how much of it was answered by REFUSED or ERROR. It always ends: the last frame breaks the
/// protocol.
async fn connection(node: std::net::SocketAddr, token: &str, random: &mut Random) -> usize {
    let opened = Opening::default().open(node).await;
    let socket = opened.expect("the upgrade is granted");
    let (mut writer, mut reader) = (socket.writer, socket.reader);
    let mut hello = connect(Version::V1_2, token);
    hello.extend_from_slice(b"SUBSCRIBE\nid:replies\ndestination:/user/queue/replies\n\n\0");
    let mut all = vec![(TEXT, hello)];
    for _ in 1..FRAMES_EACH {
        let frame = REFUSED[random.below(REFUSED.len())];
        all.push((TEXT, frame.as_bytes().to_vec()));
    }
    all.push((BINARY, mangled(REFUSED[0].as_bytes(), random)));
    // Its first octet ends what may have been left open.
    all.push((TEXT, b"\0NONSENSE\n\n\0".to_vec()));
    let talking = async {
        for (opcode, bytes) in all {
            // A connection that was ended takes no more.
            if writer.message(opcode, &bytes).await.is_err() {
                break;
            }
        }
        writer
    };
    let listening = async {
        let mut answered = 0;
        loop {
            match reader.read().await {
                Incoming::Data(bytes) => {
                    let frame = Frame::decode(&bytes, Version::V1_2);
                    let told = frame
                        .is_some_and(|frame| matches!(frame.command.as_str(), "MESSAGE" | "ERROR"));
                    answered += usize::from(told);
                }
                Incoming::Ping(_) | Incoming::Pong => {}
                Incoming::Close(..) | Incoming::End => return answered,
            }
        }
    };
    let (mut writer, answered) = tokio::join!(talking, listening);
    let _ = writer.message(PONG, b"").await;
    answered
}

/// Every node still takes a connection.
async fn alive(server: &Server) {
    for _ in 0..3 {
        server.new_user().await.connect().await.disconnect().await;
    }
}

/// These octets, some of them others.
fn mangled(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mangled = bytes.to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(mangled.len());
        mangled[at] = random.below(256) as u8;
    }
    mangled
}
