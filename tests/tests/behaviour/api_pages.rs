//! The pages about the API: every example in them is what the server answers, and every operation has one.
//!
//! `ROOMTONE_WRITE_EXAMPLES=1` writes the examples anew, after the answers have changed on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use roomtone_tests::client::{Client, talk};
use roomtone_tests::frame::Frame;
use roomtone_tests::http::Request;
use roomtone_tests::room::{act, text};
use roomtone_tests::server::Server;
use roomtone_tests::settings;
use roomtone_tests::user::User;
use serde_json::{Map, Value, json};

/// What differs from run to run, put as what it is.
fn settled(value: &Value) -> Value {
    match value {
        Value::String(text) if is_uuid(text) => "a room's id".into(),
        Value::String(text) if text.len() == 22 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            "a message's id".into()
        }
        Value::String(text) if is_time(text) => "a time".into(),
        Value::Array(all) => all.iter().map(settled).collect(),
        Value::Object(all) => {
            let each = all.iter().map(|(name, value)| match name.as_str() {
                "positionMs" => (name.clone(), json!("a position")),
                "nextCursor" if value.is_string() => (name.clone(), json!("a cursor")),
                _ => (name.clone(), settled(value)),
            });
            Value::Object(each.collect())
        }
        other => other.clone(),
    }
}

fn is_uuid(text: &str) -> bool {
    let hyphens = |(at, b): (usize, u8)| match at {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(hyphens)
}

fn is_time(text: &str) -> bool {
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

async fn page(server: &Server, path: &str) -> Value {
    let answer = Request::new("GET", path).send(server.address()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.expect(200)
}

/// Keeps a file of examples, where they are written anew.
fn write(path: &str, examples: &Value) -> bool {
    if !settings::writes_examples() {
        return false;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let json = serde_json::to_string_pretty(examples).expect("JSON");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, json + "\n").expect("a file");
    true
}

/// Asks what an operation's example asks, and compares.
struct Examples<'s> {
    server: &'s Server,
    /// By their ids: method, path and the operation.
    operations: BTreeMap<String, (String, String, Value)>,
    shown: BTreeSet<String>,
}

impl<'s> Examples<'s> {
    async fn of(server: &'s Server) -> Self {
        let document = page(server, "/openapi.json").await;
        let mut operations = BTreeMap::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let id = text(&operation["operationId"]);
                let found = (method.to_uppercase(), path.clone(), operation.clone());
                assert!(operations.insert(id, found).is_none(), "{path}: told twice");
            }
        }
        Self {
            server,
            operations,
            shown: BTreeSet::new(),
        }
    }

    /// Does it by `user`, with these parameters and this body, and gives the answer.
    async fn show(&mut self, id: &str, user: &User, parameters: Value, body: Value) -> Value {
        let (method, template, operation) = self.operations[id].clone();
        let mut path = template;
        let mut query = String::new();
        for (name, value) in parameters.as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &value);
            } else {
                query += &format!("&{name}={value}");
            }
        }
        let answer = match &body {
            Value::Null => user.request(&method, &format!("{path}?{query}")),
            body => user.request(&method, &format!("{path}?{query}")).json(body),
        };
        let answer = answer.send(self.server.address()).await;
        let json = match answer.body.is_empty() {
            true => Value::Null,
            false => answer.json(),
        };
        let example = json!({"parameters": parameters, "body": body, "status": answer.status, "answer": json});
        self.shown.insert(id.to_owned());
        if !write(&format!("functions/examples/{id}.json"), &example) {
            self.compare(id, &operation, &example);
        }
        json
    }

    fn compare(&self, id: &str, operation: &Value, example: &Value) {
        let answers = &operation["responses"][example["status"].to_string()];
        assert!(
            answers.is_object(),
            "{id}: a status that is not told: {example}"
        );
        let told = &answers["content"]["application/json"]["example"];
        assert_eq!(settled(told), settled(&example["answer"]), "{id}");
        let told = &operation["requestBody"]["content"]["application/json"]["example"];
        assert_eq!(settled(told), settled(&example["body"]), "{id}: the body");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let given = &example["parameters"][text(&parameter["name"])];
            assert_eq!(settled(&parameter["example"]), settled(given), "{id}");
        }
    }
}

fn night_drive() -> Value {
    json!({"id": "night-drive", "name": "Night drive", "musics": [
        {"id": "m1", "title": "Neon road", "artist": "The Lanterns", "playtime": "3:07",
         "thumbnail": "/page/cover-neon-road.svg"},
        {"id": "m2", "title": "Lit steps", "artist": "The Lanterns", "playtime": "4:20",
         "thumbnail": "/page/cover-lit-steps.svg"},
    ]})
}

#[tokio::test]
async fn every_operation_answers_as_its_example_says() {
    if settings::on_fleet() {
        // Rooms of other tests would be in its lists.
        return;
    }
    let server = Server::start().await;
    let mut all = Examples::of(&server).await;
    let (sky, rain) = (
        server.user("sky", "Sky").await,
        server.user("rain", "Rain").await,
    );
    let (cloud, service) = (server.user("cloud", "Cloud").await, server.service().await);
    let none = || json!({});
    let owned = json!({"uid": "sky", "userName": "Sky", "playlist": night_drive()});
    let room = text(&all.show("createRoom", &service, none(), owned).await["id"]);
    let here = || json!({"roomId": room});
    let playlist = json!({"playlistId": "night-drive"});
    all.show("findPlaylist", &service, playlist, Value::Null)
        .await;
    let socket = rain.connect().await;
    socket.enter(&room).await;
    let said = json!({"roomId": room, "content": "Good evening", "clientMessageId": "sky-1"});
    let said = all.show("sendMessage", &sky, none(), said).await;
    let said = text(&said["id"]);
    socket.heard_until(&room, &said).await;
    socket.say(&room, "Hello!").await;
    rain.recorded(&room).await;
    let page = || json!({"size": 1});
    all.show("getRoom", &cloud, here(), Value::Null).await;
    all.show(
        "listUsers",
        &rain,
        json!({"roomId": room, "size": 1}),
        Value::Null,
    )
    .await;
    all.show("listRooms", &service, page(), Value::Null).await;
    all.show("listUnjoinedRooms", &cloud, page(), Value::Null)
        .await;
    all.show("listJoinedRooms", &rain, none(), Value::Null)
        .await;
    all.show("reenterRoom", &rain, here(), Value::Null).await;
    all.show(
        "readHistory",
        &rain,
        json!({"roomId": room, "size": 2}),
        Value::Null,
    )
    .await;
    let after = json!({"roomId": room, "after": said, "size": 2});
    all.show("readWholeHistory", &rain, after, Value::Null)
        .await;
    all.show("listOn", &sky, here(), Value::Null).await;
    all.show("listOff", &sky, here(), Value::Null).await;
    all.show("switchOff", &rain, none(), here()).await;
    all.show("switchOn", &rain, none(), here()).await;
    let read = json!({"roomId": room, "lastReadMessageId": said});
    all.show("leaveRoom", &rain, none(), read).await;
    all.show("exitRoom", &rain, here(), Value::Null).await;
    let told = all
        .operations
        .keys()
        .filter(|id| !id.ends_with("AtFirstPath"));
    assert!(told.eq(&all.shown), "an operation is told of and not shown");
}

#[tokio::test]
async fn every_operation_that_is_told_of_is_there_and_names_how_it_refuses() {
    let server = Server::start().await;
    let document = page(&server, "/openapi.json").await;
    assert!(text(&document["openapi"]).starts_with("3.1"));
    let answers = document["components"]["responses"]
        .as_object()
        .expect("responses");
    let kinds: BTreeSet<String> = answers
        .values()
        .map(|answer| text(&answer["content"]["application/problem+json"]["example"]["type"]))
        .collect();
    assert_eq!(kinds.len(), answers.len());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let path = path.replace("{roomId}", "00000000-0000-4000-8000-000000000000");
            let path = path.replace("{playlistId}", "none");
            let request = Request::new(&method.to_uppercase(), &path);
            let answer = request.send(server.address()).await;
            let kind = text(&answer.expect(401)["type"]);
            assert!(kinds.contains(&kind), "{path}: {kind}");
            assert_eq!(
                operation["responses"]["401"]["$ref"],
                "#/components/responses/unauthenticated"
            );
        }
    }
}

#[tokio::test]
async fn the_page_for_people_comes_from_this_server() {
    let server = Server::start().await;
    let get = async |path: &str| Request::new("GET", path).send(server.address()).await;
    let moved = get("/swagger-ui").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (303, Some("/swagger-ui/"))
    );
    let page = get("/swagger-ui/").await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert_eq!(page.status, 200);
    assert!(!html.contains("//"), "something of another server: {html}");
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert!(html.contains(file), "{file}");
        assert_eq!(
            get(&format!("/swagger-ui/{file}")).await.status,
            200,
            "{file}"
        );
    }
    let start = get("/swagger-ui/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&start.body).contains("/openapi.json"));
}

/// The socket's messages, each as it came or went in one conversation.
async fn conversation(server: &Server) -> Map<String, Value> {
    let (sky, rain) = (
        server.user("sky", "Sky").await,
        server.user("rain", "Rain").await,
    );
    let service = server.service().await;
    let mut rooms = vec![];
    for number in 0..5 {
        let mut playlist = night_drive();
        playlist["id"] = format!("night-drive-{number}").into();
        let wanted = json!({"uid": "sky", "userName": "Sky", "playlist": playlist});
        let made = service.ask("POST", "/v1/api/rooms/create", &wanted).await;
        rooms.push(text(&made.expect(201)["id"]));
    }
    let room = &rooms[0];
    let mut all = Map::new();
    let mut note = |name: &str, value: Value| {
        all.insert(name.to_owned(), value);
    };
    let socket = rain.connect().await;
    socket.listen(room).await;
    socket.watch(room).await;
    let ask = async |socket: &Client, frame: Frame| {
        let body = frame.value();
        socket.done(frame).await;
        body
    };
    note("join", ask(&socket, act("join", room)).await);
    note("joined", socket.reply("JOINED").await);
    note("presenceChange", socket.noticed(room).await);
    let own = json!({"roomId": room, "content": "Hello!", "clientMessageId": "rain-1"});
    note("talk", own.clone());
    let receipt = socket.done(talk(room, "Hello!").json(&own)).await;
    let said = receipt.get("message-id").expect("an id").to_owned();
    let heard = socket.heard_until(room, &said).await;
    note("message", heard.last().expect("what was said").clone());
    let mark = json!({"roomId": room, "lastReadMessageId": said});
    note("read", ask(&socket, act("read", room).json(&mark)).await);
    let off = json!({"roomId": room, "presence": "off"});
    note(
        "switch",
        ask(&socket, act("presence", room).json(&off)).await,
    );
    note("switched", socket.reply("PRESENCE").await);
    note(
        "refused",
        socket.refused(talk(room, "Still here?"), 403).await,
    );
    let token = json!({"token": rain.token});
    socket.done(act("refresh", room).json(&token)).await;
    note(
        "refresh",
        json!({"token": "<a newer token of the same user>"}),
    );
    note("refreshed", socket.reply("REFRESHED").await);
    note("leave", ask(&socket, act("leave", room).json(&mark)).await);
    note("exit", ask(&socket, act("exit", room)).await);
    for other in &rooms {
        socket.join(other).await;
    }
    note("evicted", socket.reply("EVICTED").await);
    // An id that the log has not reached.
    let ahead = format!("{}{}", &said[..4], "f".repeat(16) + "00");
    let listener = sky.connect().await;
    listener.join(&rooms[1]).await;
    let resumed = roomtone_tests::room::listen(&rooms[1]).with("since", &ahead);
    listener.done(resumed).await;
    listener.say(&rooms[1], "Hello?").await;
    note("gap", listener.heard(&rooms[1]).await);
    all
}

#[tokio::test]
async fn every_message_of_a_socket_is_as_its_example_says() {
    let server = Server::start().await;
    let all = conversation(&server).await;
    if write("socket-node/src/asyncapi_examples.json", &json!(all)) {
        return;
    }
    let document = page(&server, "/asyncapi.json").await;
    assert_eq!(document["asyncapi"], "3.0.0");
    let at = &document["servers"]["local"]["host"];
    assert_eq!(at, &json!(server.address().to_string()));
    let told = document["components"]["messages"]
        .as_object()
        .expect("messages");
    assert!(told.keys().eq(all.keys()), "{:?}", told.keys());
    for (name, message) in told {
        let example = &message["examples"][0]["payload"];
        let (mut example, mut came) = (settled(example), settled(&all[name]));
        // The receipts of tests are numbered by how many there were.
        for one in [&mut example, &mut came] {
            if let Some(receipt) = one.get_mut("receipt") {
                *receipt = json!("a receipt");
            }
        }
        assert_eq!(example, came, "{name}");
        let schema = text(&message["payload"]["$ref"]);
        let schema = document.pointer(&schema[1..]).expect("a schema");
        for field in schema["required"].as_array().into_iter().flatten() {
            assert!(came.get(text(field)).is_some(), "{name}: {field}");
        }
    }
}
