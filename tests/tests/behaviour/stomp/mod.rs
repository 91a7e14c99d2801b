//! STOMP by its octets: what a frame may look like, and what the server must say to one that may not.

mod acks;
mod connect;
mod escapes;
mod framing;
mod heart_beats;
mod limits;
mod requests;
mod transactions;

use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::Raw;
use roomtone_tests::server::Server;

/// Sends each of these on a connection of its own, in this version: it gets an ERROR, and the connection ends.
async fn refuses(server: &Server, version: Version, cases: &[(&str, &[u8])]) {
    for (what, bytes) in cases {
        eprintln!("{what}, in {version:?}");
        let mut raw = Raw::connected(server, version).await;
        raw.binary(bytes).await;
        raw.error().await;
    }
}

/// A connection of somebody who listens in this room as `s`, is a member and is on.
async fn member(server: &Server, room: &str, version: Version) -> Raw {
    let mut raw = Raw::connected(server, version).await;
    let subscribe = format!("SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\n\n\0");
    let join =
        format!("SEND\ndestination:/chat/pub/join\nreceipt:j\n\n{{\"roomId\":\"{room}\"}}\0");
    raw.text(subscribe + &join).await;
    let (mut entered, mut done) = (false, false);
    while !(entered && done) {
        let frame = raw.frame().await;
        assert!(
            matches!(frame.command.as_str(), "MESSAGE" | "RECEIPT"),
            "{frame:?}"
        );
        entered |= frame.command == "MESSAGE" && frame.value()["messageType"] == "ENTER";
        done |= frame.command == "RECEIPT";
    }
    raw
}

/// A SEND of "hello" to a room, with these header lines as they are.
fn hello(room: &str, lines: &str) -> String {
    format!(
        "SEND\ndestination:/chat/pub/send\n{lines}\n{{\"roomId\":\"{room}\",\"content\":\"hello\"}}\0"
    )
}

/// The next thing that somebody said, as octets and as a frame.
async fn said(raw: &mut Raw) -> (Vec<u8>, Frame) {
    loop {
        let bytes = raw.bytes().await;
        let Some(frame) = Frame::decode(&bytes, raw.version) else {
            continue;
        };
        assert_ne!(frame.command, "ERROR", "{frame:?}");
        if frame.command == "MESSAGE" && frame.value()["messageType"] == "TALK" {
            return (bytes, frame);
        }
    }
}
