//! What a node tells those who watch it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use roomtone_tests::client::talk;
use roomtone_tests::deadline::until;
use roomtone_tests::figures::{figures, free_address};
use roomtone_tests::frame::Frame;
use roomtone_tests::http::Request;
use roomtone_tests::room::{act, listen, new_room, room_subscription};
use roomtone_tests::server::Server;

/// Waits until a figure is what it should be.
async fn shows(admin: SocketAddr, name: &str, value: f64) {
    let shown = || async { (figures(admin).await.get(name) == Some(&value)).then_some(()) };
    until(&format!("{name} to be {value}"), shown).await;
}

/// Every figure that an alert or the dashboard names is one of a node's.
fn what_operators_watch_is_told(told: &BTreeMap<String, f64>) {
    let plain = |name: &String| name.split('{').next().unwrap_or_default().to_owned();
    let told: BTreeSet<String> = told.keys().map(plain).collect();
    for (file, text) in [
        (
            "alerts",
            include_str!("../../../infra/prometheus/alerts.yaml"),
        ),
        (
            "dashboard",
            include_str!("../../../infra/grafana/roomtone.json"),
        ),
    ] {
        let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named: Vec<&str> = names
            .filter_map(|name| name.strip_prefix("roomtone_"))
            .collect();
        assert!(!named.is_empty(), "{file}");
        for name in named {
            assert!(told.contains(name), "{file}: no figure is called {name}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_node_tells_what_it_has_and_what_it_has_done() {
    let mut server = Server::start().await;
    let admin = free_address();
    let port = admin.port().to_string();
    let place = server.add_node(&[("ROOMTONE_ADMIN_PORT", &port)]).await;
    let node = server.take_node(place);
    shows(admin, "ready", 1.0).await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect_at(node.address).await;
    client.enter(&room).await;
    let said = client.say(&room, "one").await;
    client.say(&room, "two").await;
    shows(admin, "sockets", 1.0).await;
    shows(admin, "rooms", 1.0).await;
    // Its own ENTER, and what it said.
    shows(admin, "deliveries_total", 3.0).await;
    client.unsubscribe(&room_subscription(&room)).await;
    client.done(listen(&room).with("since", &said)).await;
    client.heard(&room).await;
    shows(admin, "resumes_total", 1.0).await;
    client.done(act("exit", &room)).await;
    client.refused(talk(&room, "three"), 403).await;
    shows(admin, "sends_refused_total{reason=\"forbidden\"}", 1.0).await;
    Request::new("GET", "/ws-chat")
        .send(node.address)
        .await
        .expect(426);
    shows(admin, "sockets_refused_total", 1.0).await;
    client.put(&Frame::new("NOTHING")).await;
    client.ended().await;
    shows(admin, "sockets_failed_total", 1.0).await;
    shows(admin, "sockets", 0.0).await;
    shows(admin, "rooms", 0.0).await;
    shows(admin, "outbox_bytes", 0.0).await;
    shows(admin, "recorder_lag_seconds", 0.0).await;
    // A part of the log becomes its own once the group has been shared out anew.
    let records = || async {
        let all = figures(admin).await;
        (all["recorder_parts"] >= 1.0).then_some(all)
    };
    let all = until("a part of the log to record", records).await;
    what_operators_watch_is_told(&all);
    assert!(all["records_taken_total"] >= 4.0, "{all:?}");
    assert!(
        all["lease_age_seconds"] < 10.0 && all["log_lag_seconds"] < 10.0,
        "{all:?}"
    );
}
