//! Who may do what: every route and every frame, by each role, in each state that somebody can be in with a room.

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::http::{Request, Response};
use roomtone_tests::raw::Raw;
use roomtone_tests::room::{act, create, create_request, new_room, text};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::token::{SECRET, claims, sign, sign_with, unsigned};
use roomtone_tests::user::User;
use serde_json::{Value, json};

/// An id of a message as there may be one.
const MESSAGE: &str = "0000000000000000000000";
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";
const HOUR_S: i64 = 3_600;

/// What somebody is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A member, with a socket in it.
    Member,
    /// A member who turned their switch off.
    Off,
    /// A member whose only socket left.
    Left,
    Exited,
    /// Joined four others since.
    Evicted,
    Stranger,
    /// The room is not there.
    Nowhere,
}

use State::{Evicted, Exited, Left, Member, Nowhere, Off, Stranger};

const STATES: [State; 7] = [Member, Off, Left, Exited, Evicted, Stranger, Nowhere];

/// Four rooms that somebody may be in.
async fn four_rooms(server: &Server) -> Vec<String> {
    let mut rooms = vec![];
    for _ in 0..4 {
        rooms.push(new_room(server).await);
    }
    rooms
}

/// Somebody new in this state, their socket, and the room; the others are those that they may be in besides.
async fn somebody(server: &Server, state: State, others: &[String]) -> (User, Client, String) {
    let user = server.new_user().await;
    let client = user.connect().await;
    if state == Nowhere {
        return (user, client, NOWHERE.into());
    }
    let room = new_room(server).await;
    if state != Stranger {
        client.join(&room).await;
    }
    match state {
        Off => {
            let off = json!({"roomId": room, "presence": "off"});
            client.done(Frame::send("/chat/pub/presence", &off)).await;
        }
        Left => {
            client.done(act("leave", &room)).await;
        }
        Exited => {
            client.done(act("exit", &room)).await;
        }
        Evicted => {
            for other in others {
                client.join(other).await;
            }
        }
        Member | Stranger | Nowhere => {}
    }
    (user, client, room)
}

/// A method, a path, a body, and what it is answered with in each of the states. In a path and a body, `ROOM` is the room
/// and `MESSAGE` some message's id.
type Route = (&'static str, &'static str, &'static str, [u16; 7]);

const ANYBODY: [u16; 7] = [200, 200, 200, 200, 200, 200, 404];
const MEMBERS: [u16; 7] = [200, 200, 200, 403, 403, 403, 404];
const MEMBERS_DO: [u16; 7] = [204, 204, 204, 403, 403, 403, 404];

#[rustfmt::skip]
const ROUTES: [Route; 20] = [
    ("GET", "/v1/api/rooms/ROOM", "", ANYBODY),
    ("GET", "/v1/api/rooms/ROOM/users", "", MEMBERS),
    ("GET", "/v1/api/rooms/", "", [403; 7]),
    ("GET", "/v1/api/rooms/playlists/none", "", [404; 7]),
    ("GET", "/v1/api/rooms/joined", "", [200; 7]),
    ("GET", "/v1/api/rooms/unjoined", "", [200; 7]),
    ("PUT", "/v1/api/rooms/leave", r#"{"roomId":"ROOM","lastReadMessageId":"MESSAGE"}"#, MEMBERS_DO),
    ("POST", "/v1/api/rooms/exit/ROOM", "", [204, 204, 204, 204, 204, 204, 404]),
    ("GET", "/v1/api/chat/rooms/joined/ROOM", "", MEMBERS),
    ("GET", "/v1/api/chat/history?roomId=ROOM", "", MEMBERS),
    ("GET", "/v1/api/chat/history/ROOM", "", MEMBERS),
    ("POST", "/v1/api/chat/message", r#"{"roomId":"ROOM","content":"x"}"#, [201, 403, 201, 403, 403, 403, 404]),
    ("GET", "/api/v1/presence/ROOM/on", "", MEMBERS),
    ("GET", "/api/v1/presence/ROOM/off", "", MEMBERS),
    ("PATCH", "/api/v1/presence/on", r#"{"roomId":"ROOM"}"#, MEMBERS_DO),
    ("PATCH", "/api/v1/presence/off", r#"{"roomId":"ROOM"}"#, MEMBERS_DO),
    ("GET", "/v1/api/chat/api/v1/rooms/joined/ROOM", "", MEMBERS),
    ("GET", "/v1/api/chat/api/v1/history/ROOM", "", MEMBERS),
    ("POST", "/v1/api/chat/api/v1/message", r#"{"roomId":"ROOM","content":"x"}"#, [201, 403, 201, 403, 403, 403, 404]),
    ("POST", "/v1/api/rooms/create", "CREATE", [403; 7]),
];

fn filled(body: &str, room: &str) -> String {
    body.replace("ROOM", room).replace("MESSAGE", MESSAGE)
}

/// Asks with this header, if any.
async fn ask(server: &Server, route: &Route, room: &str, authorization: Option<&str>) -> Response {
    let (method, path, body, _) = route;
    let mut request = Request::new(method, &path.replace("ROOM", room));
    if let Some(value) = authorization {
        request = request.header("Authorization", value);
    }
    if *body == "CREATE" {
        let owner = server.new_user().await;
        request = request.json(&create_request(&owner, &format!("of {}", owner.uid)));
    } else if !body.is_empty() {
        request = request.body(filled(body, room).into_bytes());
    }
    request.send(server.address()).await
}

#[tokio::test]
async fn every_route_is_for_whom_it_is_for() {
    let server = Server::start().await;
    let others = four_rooms(&server).await;
    let mut wrong = vec![];
    for route in &ROUTES {
        for (state, expected) in STATES.into_iter().zip(route.3) {
            let (user, _client, room) = somebody(&server, state, &others).await;
            let bearer = format!("Bearer {}", user.token);
            let status = ask(&server, route, &room, Some(&bearer)).await.status;
            if status != expected {
                wrong.push(format!(
                    "{} {} {state:?}: {status}, not {expected}",
                    route.0, route.1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A SEND and what becomes of it in each of the states: 0 for a RECEIPT.
type Sent = (&'static str, &'static str, [u16; 7]);

const MEMBERS_SEND: [u16; 7] = [0, 0, 0, 403, 403, 403, 403];

#[rustfmt::skip]
const SENDS: [Sent; 8] = [
    ("send", r#"{"roomId":"ROOM","content":"x"}"#, [0, 403, 403, 403, 403, 403, 403]),
    ("join", r#"{"roomId":"ROOM"}"#, [0, 0, 0, 0, 0, 0, 404]),
    ("leave", r#"{"roomId":"ROOM"}"#, MEMBERS_SEND),
    // An exit that is said again has the same end, and so the same answer.
    ("exit", r#"{"roomId":"ROOM"}"#, [0, 0, 0, 0, 0, 403, 403]),
    ("presence", r#"{"roomId":"ROOM","presence":"on"}"#, MEMBERS_SEND),
    ("presence", r#"{"roomId":"ROOM","presence":"off"}"#, MEMBERS_SEND),
    ("read", r#"{"roomId":"ROOM","lastReadMessageId":"MESSAGE"}"#, MEMBERS_SEND),
    ("sing", r#"{"roomId":"ROOM"}"#, [404; 7]),
];

#[tokio::test]
async fn every_frame_is_for_whom_it_is_for() {
    let server = Server::start().await;
    let others = four_rooms(&server).await;
    let mut wrong = vec![];
    for (verb, body, becomes) in &SENDS {
        for (state, expected) in STATES.into_iter().zip(becomes) {
            let (_user, client, room) = somebody(&server, state, &others).await;
            let body: Value = serde_json::from_str(&filled(body, &room)).unwrap();
            let sent = Frame::send(&format!("/chat/pub/{verb}"), &body);
            let receipt = client.post(sent).await;
            let status = match client.answer(&receipt).await {
                Answer::Receipt(_) => 0,
                Answer::Refused(refusal) => refusal["status"].as_u64().unwrap(),
                Answer::Error(error) => panic!("{verb} {state:?}: {error:?}"),
            };
            if status != u64::from(*expected) {
                wrong.push(format!("{verb} {state:?}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_room_is_heard_by_its_members_and_by_nobody_else() {
    let server = Server::start().await;
    let others = four_rooms(&server).await;
    for (state, hears) in [
        (Member, true),
        (Off, true),
        (Exited, false),
        (Evicted, false),
        (Stranger, false),
    ] {
        let (user, client, room) = somebody(&server, state, &others).await;
        client.listen(&room).await;
        let speaker = server.new_user().await.connect().await;
        speaker.join(&room).await;
        let said = speaker.say(&room, "among ourselves").await;
        if hears {
            client.heard_until(&room, &said).await;
            continue;
        }
        // What comes first of the room after a join is that join: nothing before it is still to come.
        client.join(&room).await;
        let first = client.heard(&room).await;
        let entered = (text(&first["messageType"]), text(&first["senderId"]));
        assert_eq!(entered, ("ENTER".into(), user.uid), "{state:?}: {first}");
    }
}

/// Tokens that open nothing, each with what is wrong with it.
fn bad_tokens() -> Vec<(&'static str, String)> {
    let good = claims("u1", "하늘", HOUR_S);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        sign(&changed)
    };
    let without = |name: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().unwrap().remove(name);
        sign(&changed)
    };
    let other = "another secret that is quite as long as it must be";
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let signed = sign(&good);
    let (unsigned_part, _) = signed.rsplit_once('.').unwrap();
    vec![
        ("run out", sign(&claims("u1", "하늘", -HOUR_S))),
        ("alg none", unsigned(&good)),
        ("another secret", sign_with(&hs256, &good, other)),
        ("no signature", format!("{unsigned_part}.")),
        ("another audience", with("aud", json!("another"))),
        ("exp is a text", with("exp", json!("4102444800"))),
        ("exp is a list", with("exp", json!([4_102_444_800_u64]))),
        ("exp is below zero", with("exp", json!(-1))),
        ("no exp", without("exp")),
        ("no sub", without("sub")),
        ("not yet", with("nbf", json!(4_102_444_800_u64))),
        ("no token", "x".into()),
    ]
}

#[tokio::test]
async fn no_route_is_open_without_a_token_or_by_a_bad_one() {
    let server = Starting::default()
        .with("AUTH_HS256_SECRET", SECRET)
        .start()
        .await;
    let service = server.service().await;
    let owner = server.new_user().await;
    let room = create(&server, &owner, "p1").await;
    for route in &ROUTES {
        let bare = ask(&server, route, &room, None).await;
        bare.problem(401);
        for (what, token) in bad_tokens() {
            for scheme in ["Bearer ", "bearer  "] {
                let header = format!("{scheme}{token}");
                let answer = ask(&server, route, &room, Some(&header)).await;
                assert_eq!(answer.status, 401, "{} {}: {what}", route.0, route.1);
            }
        }
        // A good token that is not shown as one.
        for header in [service.token.clone(), format!("Basic {}", service.token)] {
            let answer = ask(&server, route, &room, Some(&header)).await;
            assert_eq!(answer.status, 401, "{} {}", route.0, route.1);
        }
    }
    for (what, token) in bad_tokens() {
        let user = User {
            token,
            ..owner.clone()
        };
        let error = user.try_connect(Version::V1_2).await.expect_err(what);
        assert_eq!(error.get("message"), Some("login refused"), "{what}");
    }
}

#[tokio::test]
async fn no_frame_is_taken_before_a_login() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let frames = [
        talk(&room, "x"),
        act("join", &room),
        act("refresh", &room),
        Frame::new("SUBSCRIBE")
            .with("id", "1")
            .with("destination", &format!("/chat/topic/room/{room}")),
        Frame::new("UNSUBSCRIBE").with("id", "1"),
        Frame::new("BEGIN").with("transaction", "1"),
        Frame::new("COMMIT").with("transaction", "1"),
        Frame::new("ABORT").with("transaction", "1"),
        Frame::new("ACK").with("id", "1"),
        Frame::new("NACK").with("id", "1"),
        Frame::new("DISCONNECT").with("receipt", "1"),
    ];
    for frame in frames {
        let mut raw = Raw::open(server.sockets().next()).await;
        raw.text(frame.encode(Version::V1_2)).await;
        let error = raw.error().await;
        assert_eq!(error.get("message"), Some("not connected"), "{frame:?}");
    }
}

#[tokio::test]
async fn a_service_makes_and_lists_rooms_and_is_no_member_of_any() {
    let server = Starting::default()
        .with("AUTH_HS256_SECRET", SECRET)
        .start()
        .await;
    let owner = server.new_user().await;
    let room = create(&server, &owner, "p1").await;
    let mut nameless = claims("playlist-server", "", HOUR_S);
    nameless["scope"] = json!("service");
    nameless.as_object_mut().unwrap().remove("nickname");
    let named = server.service().await.token;
    let for_services = |path| matches!(path, "/v1/api/rooms/" | "/v1/api/rooms/create");
    let for_anybody = |path| path == "/v1/api/rooms/playlists/none";
    for route in &ROUTES {
        let (method, path, _, by_users) = route;
        let expected = match (for_services(*path), *method) {
            (true, "POST") => 201,
            (true, _) => 200,
            // With a nickname it is a user too, and a stranger to this room.
            (false, _) => by_users[5],
        };
        let header = format!("Bearer {named}");
        let answer = ask(&server, route, &room, Some(&header)).await;
        assert_eq!(answer.status, expected, "{method} {path}");
        let header = format!("Bearer {}", sign(&nameless));
        let answer = ask(&server, route, &room, Some(&header)).await;
        let for_it = for_services(*path) || for_anybody(*path);
        let expected = if for_it { expected } else { 403 };
        assert_eq!(answer.status, expected, "{method} {path} nameless");
    }
}
