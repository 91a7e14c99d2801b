//! Who may come in, by their token.

use roomtone_tests::client::{Answer, REPLIES};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{ask_to_create, new_room, text};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::token::{SECRET, claims, sign, sign_with, unsigned};
use roomtone_tests::user::User;
use serde_json::{Value, json};

const HOUR_S: i64 = 3_600;

async fn trusting() -> Server {
    Starting::default()
        .with("AUTH_HS256_SECRET", SECRET)
        .start()
        .await
}

fn bearing(server: &Server, token: String) -> User {
    User {
        address: server.address(),
        sockets: server.sockets().clone(),
        uid: "u1".into(),
        nickname: "하늘".into(),
        token,
    }
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("u1", "하늘", HOUR_S);
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_good_token_opens_both_doors() {
    let server = trusting().await;
    for claims in [
        claims("u1", "하늘", HOUR_S),
        with("scope", json!("service")),
        with("sub", json!("x".repeat(64))),
        with("nbf", json!(1)),
    ] {
        let user = bearing(&server, sign(&claims));
        user.get("/v1/api/rooms/joined").await.expect(200);
        user.connect().await;
    }
}

#[tokio::test]
async fn a_bad_token_opens_neither() {
    let server = trusting().await;
    let good = claims("u1", "하늘", HOUR_S);
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let mut no_exp = good.clone();
    no_exp.as_object_mut().unwrap().remove("exp");
    let mut no_sub = good.clone();
    no_sub.as_object_mut().unwrap().remove("sub");
    let cases = [
        ("nothing", String::new()),
        ("nonsense", "nonsense".into()),
        ("no signature", unsigned(&good)),
        (
            "another secret",
            sign_with(
                &hs256,
                &good,
                "another secret that is quite as long as it must be",
            ),
        ),
        (
            "another algorithm's name",
            sign_with(&json!({"alg": "RS256", "typ": "JWT"}), &good, SECRET),
        ),
        (
            "a longer hash's name",
            sign_with(&json!({"alg": "HS512", "typ": "JWT"}), &good, SECRET),
        ),
        ("run out", sign(&claims("u1", "하늘", -HOUR_S))),
        ("never running out", sign(&no_exp)),
        (
            "running out in words",
            sign(&with("exp", json!("tomorrow"))),
        ),
        ("not yet good", sign(&with("nbf", json!(4_000_000_000_u64)))),
        ("nobody's", sign(&no_sub)),
        ("an empty name", sign(&with("sub", json!("")))),
        ("too long a name", sign(&with("sub", json!("x".repeat(65))))),
        (
            "a name of control characters",
            sign(&with("sub", json!("a\nb"))),
        ),
        (
            "for somebody else",
            sign(&with("aud", json!("another service"))),
        ),
    ];
    for (what, token) in cases {
        let user = bearing(&server, token);
        let answer = user.get("/v1/api/rooms/joined").await;
        assert_eq!(answer.status, 401, "{what}");
        answer.problem(401);
        assert!(user.try_connect(Version::V1_2).await.is_err(), "{what}");
    }
    let without = roomtone_tests::http::Request::new("GET", "/v1/api/rooms/joined")
        .send(server.address())
        .await;
    without.problem(401);
}

#[tokio::test]
async fn issuer_and_audience_must_be_the_configured_ones() {
    let starting = Starting::default()
        .with("AUTH_HS256_SECRET", SECRET)
        .with("AUTH_ISSUER", "https://issuer.example");
    let server = starting.with("AUTH_AUDIENCE", "roomtone").start().await;
    let token = |issuer: &str, audience: Value| {
        let mut claims = claims("u1", "하늘", HOUR_S);
        claims["iss"] = json!(issuer);
        claims["aud"] = audience;
        sign(&claims)
    };
    let status = async |token: String| {
        bearing(&server, token)
            .get("/v1/api/rooms/joined")
            .await
            .status
    };
    assert_eq!(
        status(token("https://issuer.example", json!("roomtone"))).await,
        200
    );
    assert_eq!(
        status(token(
            "https://issuer.example",
            json!(["other", "roomtone"])
        ))
        .await,
        200
    );
    assert_eq!(
        status(token("https://issuer.example", json!("other"))).await,
        401
    );
    assert_eq!(
        status(token("https://evil.example", json!("roomtone"))).await,
        401
    );
    assert_eq!(status(sign(&claims("u1", "하늘", HOUR_S))).await, 401);
}

#[tokio::test]
async fn the_local_run_signs_tokens_that_outlive_it() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let room = new_room(&server).await;
    user.connect().await.join(&room).await;
    let server = Starting::default().on(server.kill().await).start().await;
    assert_eq!(user.at(&server).joined().await.len(), 1);
    for body in [
        json!({}),
        json!({"uid": "", "nickname": "x"}),
        json!({"uid": "u1", "nickname": ""}),
        json!({"uid": "x".repeat(65), "nickname": "x"}),
    ] {
        let answer = roomtone_tests::http::Request::new("POST", "/dev/token")
            .json(&body)
            .send(server.address())
            .await;
        answer.problem(422);
    }
}

#[tokio::test]
async fn a_service_acts_for_others_and_a_user_for_themselves() {
    let server = Server::start().await;
    let (service, owner) = (server.service().await, server.new_user().await);
    for scope in ["services", "admin service-x", ""] {
        let body = json!({"uid": "u9", "nickname": "x", "scope": scope});
        let token = roomtone_tests::http::Request::new("POST", "/dev/token")
            .json(&body)
            .send(server.address())
            .await;
        if let Some(token) = token.json()["token"].as_str() {
            let user = bearing(&server, token.to_owned());
            ask_to_create(&user, &owner, "p-1").await.problem(403);
        }
    }
    ask_to_create(&service, &owner, "p-1").await.expect(201);
}

#[tokio::test]
async fn a_session_ends_with_its_token_unless_that_is_renewed() {
    let server = trusting().await;
    let room = new_room(&server).await;
    // The server allows for clocks that differ by some seconds; so the end comes a little after the token's.
    let short = || sign(&claims("u1", "하늘", 1));
    let ending = bearing(&server, short()).connect().await;
    let renewed = bearing(&server, short()).connect().await;
    renewed.join(&room).await;
    let refresh = |token: &str| Frame::send("/chat/pub/refresh", &json!({"token": token}));
    renewed
        .done(refresh(&sign(&claims("u1", "하늘", HOUR_S))))
        .await;
    let error = ending
        .take("the ERROR", |frame| frame.command == "ERROR")
        .await;
    assert!(error.get("message").is_some());
    ending.ended().await;
    renewed.say(&room, "still here").await;
}

#[tokio::test]
async fn a_refresh_is_for_the_same_user_and_by_a_good_token() {
    let server = trusting().await;
    let client = bearing(&server, sign(&claims("u1", "하늘", HOUR_S)))
        .connect()
        .await;
    let refresh = |token: &str| Frame::send("/chat/pub/refresh", &json!({"token": token}));
    client
        .refused(refresh(&sign(&claims("u2", "구름", HOUR_S))), 403)
        .await;
    for bad in [
        "nonsense",
        &sign(&claims("u1", "하늘", -HOUR_S)),
        &unsigned(&claims("u1", "하늘", HOUR_S)),
    ] {
        let refusal = client.refused(refresh(bad), 401).await;
        assert!(
            !refusal.to_string().contains(bad),
            "a refusal repeats a token"
        );
    }
    client
        .done(refresh(&sign(&claims("u1", "하늘", 2 * HOUR_S))))
        .await;
    let bare = bearing(&server, sign(&claims("u1", "하늘", HOUR_S)))
        .connect_bare(Version::V1_2)
        .await;
    bare.subscribe("q", REPLIES).await;
    bare.unsubscribe("q").await;
    let receipt = bare
        .post(refresh(&sign(&claims("u2", "구름", HOUR_S))))
        .await;
    assert!(matches!(bare.answer(&receipt).await, Answer::Error(_)));
}

#[tokio::test]
async fn a_nickname_is_what_the_token_says_and_can_not_deceive() {
    let server = trusting().await;
    let room = new_room(&server).await;
    let joined = bearing(
        &server,
        sign(&claims("u1", "\u{1112}\u{1161}\u{11AB}", HOUR_S)),
    )
    .connect()
    .await
    .join(&room)
    .await;
    let users = joined["room"]["users"].as_array().unwrap();
    assert_eq!(
        text(&users.iter().find(|user| user["uid"] == "u1").unwrap()["nickName"]),
        "한"
    );
    for nickname in ["", "a\u{202e}b", "a\nb", &"x".repeat(41)] {
        let user = bearing(&server, sign(&claims("u3", nickname, HOUR_S)));
        assert!(
            user.try_connect(Version::V1_2).await.is_err(),
            "{nickname:?}"
        );
    }
}

#[tokio::test]
async fn a_service_without_a_nickname_creates_lists_and_finds_and_is_no_user() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let service = server.nameless_service().await;
    let room = ask_to_create(&service, &owner, "p-1").await.expect(201);
    service.get("/v1/api/rooms/").await.expect(200);
    let found = service.get("/v1/api/rooms/playlists/p-1").await.expect(200);
    assert_eq!(found["roomId"], room["id"]);
    let path = format!("/v1/api/rooms/{}", room["id"].as_str().unwrap());
    service.get(&path).await.problem(403);
    service.get("/v1/api/rooms/joined").await.problem(403);
}
