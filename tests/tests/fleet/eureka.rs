//! A node in a real Eureka server: the Spring services around find it there, and only while it takes sockets.

use std::net::SocketAddr;

use roomtone_tests::deadline::until;
use roomtone_tests::http::Request;
use roomtone_tests::part::Part;
use roomtone_tests::server::Server;
use serde_json::{Value, json};

/// What the registry says of the nodes.
async fn registered(registry: SocketAddr) -> Vec<Value> {
    let asked =
        Request::new("GET", "/eureka/apps/CHATTING-SERVER").header("Accept", "application/json");
    let answer = asked.send(registry).await;
    match answer.status {
        200 => answer.json()["application"]["instance"]
            .as_array()
            .unwrap()
            .clone(),
        404 => vec![],
        status => panic!("Eureka answers {status}"),
    }
}

/// Waits until the registry knows so many nodes, and gives them.
async fn knows(registry: SocketAddr, count: usize) -> Vec<Value> {
    let looked = || async {
        let found = registered(registry).await;
        (found.len() == count).then_some(found)
    };
    until(&format!("Eureka to know {count} nodes"), looked).await
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_node_registers_comes_back_where_it_was_forgotten_and_leaves_as_soon_as_it_is_to_stop() {
    let eureka = Part::start("eureka").await;
    let registry: SocketAddr = eureka.at().parse().unwrap();
    let url = format!("http://{registry}/eureka");
    let mut server = Server::start().await;
    // Long enough for a client that does not go to be seen while the node stops.
    let settings = [("EUREKA_URL", url.as_str()), ("ROOMTONE_DRAIN_S", "60")];
    let place = server.add_node(&settings).await;
    let mut node = server.take_node(place);
    let found = knows(registry, 1).await;
    assert_eq!(
        found[0]["port"]["$"],
        json!(node.address.port()),
        "{found:?}"
    );
    assert_eq!(found[0]["ipAddr"], json!("127.0.0.1"), "{found:?}");
    assert_eq!(found[0]["status"], json!("UP"), "{found:?}");

    // It keeps nothing, so it has forgotten everybody when it is back.
    eureka.kill().await;
    eureka.up().await;
    knows(registry, 1).await;

    let client = server.new_user().await.connect_at(node.address).await;
    node.signal("TERM").await;
    knows(registry, 0).await;
    assert_eq!(client.ended().await, Some(1012));
    assert!(node.ended().await.success());
}
