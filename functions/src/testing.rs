//! A whole set of operations on stores of its own, for the tests of each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use axum::routing::post;
use axum::{Json, Router};
use roomtone_shared::auth::{Authenticator, Claims, Signer};
use roomtone_shared::config::Env;
use roomtone_shared::domain::event::{Event, Line, NodeId, Playing, Said};
use roomtone_shared::domain::rate::Rate;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::{Profile, Uid};
use roomtone_shared::outbound::Outbound;
use roomtone_shared::rooms;
use roomtone_shared::search::Search;
use roomtone_shared::store::embedded;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{App, SendLimit, app};

/// Messages in one record.
const LINES_MAX: usize = roomtone_shared::limits::LINES_MAX;

/// The operations, and who signs tokens for them.
pub(crate) struct Town {
    app: App,
    signer: Signer,
    _folder: TempDir,
}

impl Town {
    pub(crate) fn new() -> Self {
        Self::by(&Env::default())
    }

    pub(crate) fn with_origins(origins: &str) -> Self {
        Self::by(&Env::default().with("ALLOWED_ORIGINS", origins))
    }

    pub(crate) fn with_rate(rate: Rate) -> Self {
        let env = Env::default().with("ROOMTONE_SENDS_PER_S", &rate.per_s.to_string());
        Self::by(&env.with("ROOMTONE_SEND_BURST", &rate.burst.to_string()))
    }

    pub(crate) fn with_room_rate(rate: Rate) -> Self {
        let env = Env::default().with("ROOMTONE_ROOM_SENDS_PER_S", &rate.per_s.to_string());
        Self::by(&env.with("ROOMTONE_ROOM_SEND_BURST", &rate.burst.to_string()))
    }

    /// Tokens may be signed with keys that are published here, too.
    pub(crate) fn with_published_keys(url: &str) -> Self {
        Self::by(&Env::default().with("AUTH_JWKS_URL", url))
    }

    fn by(env: &Env) -> Self {
        let env = env
            .clone()
            .with("AUTH_HS256_SECRET", "0123456789abcdef0123456789abcdef");
        let folder = tempfile::tempdir().unwrap();
        let outbound = Outbound::new();
        let settings = env.auth().unwrap();
        let app = App {
            stores: embedded::open(folder.path()).unwrap(),
            auth: Authenticator::new(&settings, outbound.clone()).unwrap(),
            search: Search::new(outbound, None).unwrap(),
            origins: Arc::new(env.origins().unwrap()),
            sends: SendLimit::new(env.send_rate().unwrap(), env.room_send_rate().unwrap()),
        };
        Self {
            app,
            signer: Signer::new(&settings).unwrap(),
            _folder: folder,
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// A room that there is not.
    pub(crate) fn no_room() -> RoomId {
        RoomId::new()
    }

    /// The token of a user whose nickname is `N` and the uid.
    pub(crate) fn user(&self, uid: &str) -> String {
        self.token(Claims {
            uid: uid.into(),
            nickname: Some(format!("N{uid}")),
            ..Claims::default()
        })
    }

    pub(crate) fn user_with_picture(&self, uid: &str, picture: &str) -> String {
        let nickname = Some(format!("N{uid}"));
        self.token(Claims {
            uid: uid.into(),
            nickname,
            picture: Some(picture.into()),
            scope: None,
        })
    }

    pub(crate) fn service(&self) -> String {
        self.token(Claims {
            uid: "playlist-server".into(),
            scope: Some("service".into()),
            ..Claims::default()
        })
    }

    fn token(&self, claims: Claims) -> String {
        self.signer.sign(&claims, Duration::from_secs(600)).unwrap()
    }

    pub(crate) async fn call(&self, call: Call) -> Answer {
        Self::answer(app(self.app.clone()), call).await
    }

    pub(crate) async fn answer(router: Router, call: Call) -> Answer {
        let response = router.oneshot(call.0).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let json = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            bytes: body.len(),
            json,
        }
    }

    pub(crate) async fn get(&self, uid: &str, path: &str) -> Answer {
        self.call(Call::get(path).token(&self.user(uid))).await
    }

    pub(crate) async fn post(&self, uid: &str, path: &str) -> Answer {
        self.call(Call::new("POST", path).token(&self.user(uid)))
            .await
    }

    pub(crate) async fn create(&self, owner: &str, playlist_id: &str) -> Answer {
        let body = json!({"uid": owner, "userName": format!("N{owner}"), "playlist": playlist(playlist_id)});
        self.call(
            Call::new("POST", "/v1/api/rooms/create")
                .token(&self.service())
                .json(&body),
        )
        .await
    }

    pub(crate) async fn room(&self, owner: &str, playlist_id: &str) -> RoomId {
        let created = self.create(owner, playlist_id).await;
        RoomId::parse("id", &created.id()).unwrap()
    }

    /// Joins as a socket would; gives the ENTER's id.
    pub(crate) async fn join(&self, uid: &str, room: RoomId) -> Value {
        let joined = rooms::join(&self.app.stores, room, &profile(uid))
            .await
            .unwrap();
        json!(joined.notice)
    }

    /// Says what the log says when a node's first socket of the user comes into the room.
    pub(crate) async fn hold(&self, uid: &str, room: RoomId) {
        let held = Event::Held {
            node: NodeId(1),
            uid: profile(uid).uid,
            held: true,
        };
        self.app.stores.log.append(room, held).await.unwrap();
    }

    pub(crate) async fn send(&self, uid: &str, room: RoomId, content: &str) -> Value {
        let body = json!({"roomId": room, "content": content});
        let sent = self
            .call(
                Call::new("POST", "/v1/api/chat/message")
                    .token(&self.user(uid))
                    .json(&body),
            )
            .await;
        assert_eq!(sent.status, 201);
        sent.json
    }

    /// Says `0`, `1` and so on, past the rate.
    pub(crate) async fn say(&self, uid: &str, room: RoomId, count: usize) {
        self.say_each(uid, room, (0..count).map(|i| i.to_string()))
            .await;
    }

    pub(crate) async fn say_each(
        &self,
        uid: &str,
        room: RoomId,
        texts: impl Iterator<Item = String>,
    ) {
        let line = |text: String| Line {
            content: text.into(),
            client_message_id: None,
            at: Timestamp::now(),
            playing: Playing {
                music_id: "0".into(),
                position_ms: 0,
            },
            headers: vec![],
        };
        let lines: Vec<Line> = texts.map(line).collect();
        for lines in lines.chunks(LINES_MAX) {
            let said = Said {
                sender: profile(uid),
                as_of: u64::MAX,
                lines: lines.to_vec(),
                origin: None,
                trace: None,
            };
            self.app
                .stores
                .log
                .append(room, Event::Said(said))
                .await
                .unwrap();
        }
    }
}

fn profile(uid: &str) -> Profile {
    Profile {
        uid: Uid::parse("uid", uid).unwrap(),
        nick_name: format!("N{uid}").into(),
        profile_image: None,
    }
}

/// A playlist of two tracks, 10 s and an hour and 5 s long.
pub(crate) fn playlist(id: &str) -> Value {
    json!({"id": id, "name": "Night drive", "musics": [
        {"title": "One", "artist": "A", "playtime": "0:10", "thumbnail": "https://images.example/1.png"},
        {"id": "m2", "title": "Two", "artist": "B", "playtime": "1:00:05", "thumbnail": "/2.svg"}]})
}

/// A search server that takes everything; gives the way to it and what it was told.
pub(crate) async fn search_server() -> (Search, Arc<Mutex<Vec<Value>>>) {
    let told = Arc::new(Mutex::new(vec![]));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keep = told.clone();
    let take = post(async move |Json(entry): Json<Value>| keep.lock().unwrap().push(entry));
    let routes = Router::new().route("/search/index/send", take);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (Search::new(Outbound::new(), Some(&url)).unwrap(), told)
}

/// A request to be.
pub(crate) struct Call(Request<Body>);

impl Call {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self(
            Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap(),
        )
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.0
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION, &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE, "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }
}

/// What came back; an empty body's JSON is `null`.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: usize,
    pub(crate) json: Value,
}

impl Answer {
    /// The problem's status and type, having seen that it is one with every member there must be.
    pub(crate) fn problem(&self) -> (u16, &str) {
        assert_eq!(
            self.headers[CONTENT_TYPE], "application/problem+json",
            "{}",
            self.json
        );
        assert_eq!(self.json["status"], self.status);
        assert!(
            ["title", "detail"]
                .iter()
                .all(|member| self.json[*member].is_string())
        );
        (self.status, self.json["type"].as_str().unwrap())
    }

    /// The room's id.
    pub(crate) fn id(&self) -> String {
        self.json["id"].as_str().unwrap().to_owned()
    }
}
