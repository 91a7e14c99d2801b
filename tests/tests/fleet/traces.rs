//! One trace from a SEND or a request through Kafka to who hears it and to history, as a real Zipkin shows it and a
//! collector of OTLP gets it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use roomtone_tests::client::talk;
use roomtone_tests::collector::{Collector, hex};
use roomtone_tests::deadline::until;
use roomtone_tests::frame::Frame;
use roomtone_tests::http::Request;
use roomtone_tests::part::Part;
use roomtone_tests::room::new_room;
use roomtone_tests::server::Starting;
use serde_json::{Value, json};

const BY_SOCKET: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const BY_HTTP: &str = "0af7651916cd43dd8448eb211c80319c";
const ABOVE: &str = "00f067aa0ba902b7";

/// The spans of a trace; none while there is none.
async fn spans(zipkin: SocketAddr, trace: &str) -> Vec<Value> {
    let answer = Request::new("GET", &format!("/api/v2/trace/{trace}"))
        .send(zipkin)
        .await;
    match answer.status {
        200 => answer.json().as_array().unwrap().clone(),
        404 => vec![],
        status => panic!("Zipkin answers {status}"),
    }
}

/// Waits until the trace has a span of each of these names, and at least so many nodes deliver; gives all spans.
async fn has(zipkin: SocketAddr, trace: &str, names: &[&str], deliver: usize) -> Vec<Value> {
    let looked = || async {
        let spans = spans(zipkin, trace).await;
        let of = |name: &str| spans.iter().filter(|span| span["name"] == name).count();
        let all = names.iter().all(|name| of(name) > 0) && of("deliver") >= deliver;
        all.then_some(spans)
    };
    until(&format!("Zipkin to have {names:?} of {trace}"), looked).await
}

/// Every span is below one that is there too, but for the first, which is below the caller's.
fn hangs_together(spans: &[Value]) {
    let ids: BTreeSet<_> = spans
        .iter()
        .map(|span| span["id"].as_str().unwrap())
        .collect();
    for span in spans {
        let parent = span["parentId"].as_str().unwrap();
        assert!(parent == ABOVE || ids.contains(parent), "{span}");
        assert!(span["localEndpoint"]["serviceName"].is_string(), "{span}");
    }
    let below = spans.iter().filter(|span| span["parentId"] == ABOVE);
    assert_eq!(below.count(), 1, "{spans:?}");
}

/// Whether it is that message.
fn says(frame: &Frame, content: &str) -> bool {
    frame.command == "MESSAGE" && frame.value()["content"] == content
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_message_is_one_trace_from_its_sender_to_who_hears_it_and_to_history() {
    let zipkin_part = Part::start("zipkin").await;
    let zipkin: SocketAddr = zipkin_part.at().parse().unwrap();
    let to = format!("http://{zipkin}/api/v2/spans");
    // What begins here without a trace is not looked at: so all that is there is what was asked for.
    let server = Starting::default()
        .with("OTEL_EXPORTER_ZIPKIN_ENDPOINT", to)
        .with("OTEL_TRACES_SAMPLER_ARG", 0)
        .start()
        .await;
    let room = new_room(&server).await;
    let (talker, listener) = (server.new_user().await, server.new_user().await);
    let (said_by, heard_by) = (talker.connect().await, listener.connect().await);
    said_by.enter(&room).await;
    heard_by.enter(&room).await;

    let traceparent = format!("00-{BY_SOCKET}-{ABOVE}-01");
    said_by
        .done(talk(&room, "traced").with("traceparent", &traceparent))
        .await;
    let message = heard_by
        .take("the message", |frame| says(frame, "traced"))
        .await;
    let given = message.get("traceparent").expect("a trace is passed on");
    assert!(
        given.starts_with(&format!("00-{BY_SOCKET}-")) && !given.contains(ABOVE),
        "{given}"
    );
    hangs_together(&has(zipkin, BY_SOCKET, &["send /chat/pub/send", "record"], 1).await);

    let body = json!({"roomId": room, "content": "traced too"});
    let asked = talker.request("POST", "/v1/api/chat/message");
    let asked = asked
        .json(&body)
        .header("traceparent", &format!("00-{BY_HTTP}-{ABOVE}-01"));
    let answer = asked.send(server.address()).await;
    answer.expect(201);
    assert!(
        answer
            .header("traceparent")
            .is_some_and(|given| given.contains(BY_HTTP))
    );
    let names = ["post /v1/api/chat/message", "record"];
    hangs_together(&has(zipkin, BY_HTTP, &names, 1).await);

    // One that nobody looks at leads to nothing.
    let unsampled = format!("00-{}-{ABOVE}-00", BY_HTTP.replace('0', "1"));
    said_by
        .done(talk(&room, "not traced").with("traceparent", &unsampled))
        .await;
    let message = heard_by
        .take("the message", |frame| says(frame, "not traced"))
        .await;
    assert_eq!(message.get("traceparent"), None);
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_collector_gets_the_same_by_otlp() {
    let collector = Collector::start().await;
    let server = Starting::default()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .with("OTEL_TRACES_SAMPLER_ARG", 0)
        .start()
        .await;
    let room = new_room(&server).await;
    let talker = server.new_user().await;
    let said_by = talker.connect().await;
    said_by.enter(&room).await;

    let traceparent = format!("00-{BY_SOCKET}-{ABOVE}-01");
    said_by
        .done(talk(&room, "traced").with("traceparent", &traceparent))
        .await;
    let names = ["SEND /chat/pub/send", "deliver", "record"];
    let spans = until("the collector to have the trace", || async {
        let spans = collector.spans(BY_SOCKET);
        let has = |name: &&str| spans.iter().any(|span| span.name == *name);
        names.iter().all(has).then_some(spans)
    })
    .await;
    let send = spans.iter().find(|span| span.name == names[0]).unwrap();
    assert_eq!(hex(&send.parent_span_id), ABOVE);
    for span in &spans {
        let above = spans
            .iter()
            .any(|other| other.span_id == span.parent_span_id);
        assert!(above || span.span_id == send.span_id, "{span:?}");
        assert!(
            span.start_time_unix_nano <= span.end_time_unix_nano,
            "{span:?}"
        );
    }
}
