//! The admin API: what operators ask the fleet by one of its nodes, and have it do.

use std::net::SocketAddr;

use roomtone_tests::client::talk;
use roomtone_tests::deadline::until;
use roomtone_tests::figures::free_address;
use roomtone_tests::http::{Request, Response};
use roomtone_tests::process::Process;
use roomtone_tests::room::new_room;
use roomtone_tests::server::Server;
use roomtone_tests::user::User;
use serde_json::{Value, json};

const CREDENTIAL: &str = "what-operators-say-who-they-are-by";

/// Two nodes of a fleet with admin APIs.
struct Operated {
    server: Server,
    nodes: [(Process, SocketAddr); 2],
}

impl Operated {
    async fn start() -> Self {
        let mut server = Server::start().await;
        let nodes = [node(&mut server).await, node(&mut server).await];
        Self { server, nodes }
    }

    fn admin(&self, node: usize) -> SocketAddr {
        self.nodes[node].1
    }

    fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].0.address
    }

    async fn new_user(&self) -> User {
        self.server.new_user().await
    }
}

async fn node(server: &mut Server) -> (Process, SocketAddr) {
    let admin = free_address();
    let port = admin.port().to_string();
    let settings = [
        ("ROOMTONE_ADMIN_PORT", port.as_str()),
        ("ROOMTONE_ADMIN_TOKEN", CREDENTIAL),
    ];
    let place = server.add_node(&settings).await;
    (server.take_node(place), admin)
}

async fn ask(admin: SocketAddr, method: &str, path: &str) -> Response {
    let bearer = format!("Bearer {CREDENTIAL}");
    let request = Request::new(method, path).header("Authorization", &bearer);
    request.send(admin).await
}

async fn get(admin: SocketAddr, path: &str) -> Value {
    ask(admin, "GET", path).await.expect(200)
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn without_the_credential_nothing_is_told_and_nothing_done() {
    let fleet = Operated::start().await;
    let user = fleet.new_user().await;
    let users_own = format!("Bearer {}", user.token);
    for (method, path) in [
        ("GET", "/admin/connections"),
        ("GET", "/admin/log"),
        ("GET", "/admin/nothing"),
        ("DELETE", "/admin/users/1/sockets"),
        ("POST", "/admin/drain"),
    ] {
        let bare = Request::new(method, path).send(fleet.admin(0)).await;
        bare.problem(401);
        let with_token = Request::new(method, path).header("Authorization", &users_own);
        with_token.send(fleet.admin(0)).await.problem(401);
    }
    ask(fleet.admin(0), "GET", "/admin/nothing")
        .await
        .problem(404);
    ask(fleet.admin(0), "POST", "/admin/log").await.problem(405);
    ask(fleet.admin(0), "GET", "/admin/connections?size=0")
        .await
        .problem(400);
    let ready = Request::new("GET", "/readyz").send(fleet.admin(0)).await;
    assert_eq!(ready.status, 200, "nobody has drained it");
    let at_users_port = ask(fleet.address(0), "GET", "/admin/log").await;
    assert_eq!(at_users_port.status, 404, "not where users come in");
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn any_node_tells_who_is_where_in_the_fleet() {
    let fleet = Operated::start().await;
    let room = new_room(&fleet.server).await;
    let (here, there) = (fleet.new_user().await, fleet.new_user().await);
    let first = here.connect_at(fleet.address(0)).await;
    let second = there.connect_at(fleet.address(1)).await;
    first.enter(&room).await;
    second.enter(&room).await;

    let mine = get(
        fleet.admin(0),
        &format!("/admin/connections?uid={}", here.uid),
    )
    .await;
    let (node, connection) = (mine["node"].clone(), &mine["connections"][0]);
    assert_eq!(connection["uid"], json!(here.uid), "{mine}");
    assert_eq!(connection["rooms"], json!([room]), "{mine}");
    let session = connection["session"].as_str().unwrap();
    assert!(session.starts_with(node.as_str().unwrap()), "{mine}");
    let other = get(fleet.admin(1), "/admin/connections").await["node"].clone();
    assert_ne!(node, other);

    for admin in [fleet.admin(0), fleet.admin(1)] {
        let who = get(admin, &format!("/admin/rooms/{room}")).await;
        let on = |user: &User| {
            let mut users = who["users"].as_array().unwrap().iter();
            users
                .find(|found| found["uid"] == json!(user.uid))
                .cloned()
                .unwrap()
        };
        assert_eq!(on(&here)["nodes"], json!([node]), "{who}");
        assert_eq!(on(&there)["nodes"], json!([other]), "{who}");
        let found = get(admin, &format!("/admin/users/{}", here.uid)).await;
        assert_eq!(found["rooms"][0]["roomId"], json!(room), "{found}");
        assert_eq!(found["rooms"][0]["nodes"], json!([node]), "{found}");
    }
    let rooms = get(fleet.admin(0), "/admin/rooms").await;
    assert_eq!(
        rooms["rooms"],
        json!([{"roomId": room, "subscriptions": 1}])
    );
    first.say(&room, "one").await;
    let read = || async {
        let log = get(fleet.admin(1), "/admin/log").await;
        let parts = log["partitions"].as_array().unwrap().clone();
        let all = parts.iter().all(|part| part["taken"] == part["end"]);
        (all && parts.iter().any(|part| part["end"].as_u64() > Some(0))).then_some(())
    };
    until("the other node to have read the log", read).await;
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn who_is_kicked_by_one_node_is_off_every_node_and_who_is_taken_out_hears_no_more() {
    let fleet = Operated::start().await;
    let room = new_room(&fleet.server).await;
    let (user, stays) = (fleet.new_user().await, fleet.new_user().await);
    let sockets = [
        user.connect_at(fleet.address(0)).await,
        user.connect_at(fleet.address(1)).await,
    ];
    let bystander = stays.connect_at(fleet.address(1)).await;
    bystander.enter(&room).await;
    for socket in &sockets {
        socket.enter(&room).await;
    }
    let kicked = format!("/admin/users/{}/sockets", user.uid);
    ask(fleet.admin(0), "DELETE", &kicked).await.expect(204);
    for socket in &sockets {
        assert_eq!(socket.ended().await, Some(1008));
    }
    // A membership is not touched by that, and a token that is good is good.
    let back = user.connect_at(fleet.address(1)).await;
    back.enter(&room).await;
    let out = format!("/admin/rooms/{room}/users/{}", user.uid);
    ask(fleet.admin(0), "DELETE", &out).await.expect(204);
    let gone = || async {
        let who = get(fleet.admin(1), &format!("/admin/users/{}", user.uid)).await;
        (who["rooms"] == json!([])).then_some(())
    };
    until("nobody to be there", gone).await;
    back.refused(talk(&room, "still here?"), 403).await;
    bystander.say(&room, "they are gone").await;
    ask(fleet.admin(0), "DELETE", "/admin/rooms/none/users/1")
        .await
        .problem(404);
}

#[tokio::test]
#[ignore = "needs the real parts: localstack/up"]
async fn a_node_that_is_told_to_drain_sends_its_clients_away_and_ends() {
    let mut fleet = Operated::start().await;
    let client = fleet.new_user().await.connect_at(fleet.address(0)).await;
    ask(fleet.admin(0), "POST", "/admin/drain")
        .await
        .expect(202);
    assert_eq!(client.ended().await, Some(1012));
    assert!(fleet.nodes[0].0.ended().await.success());
}
