//! The playlist server makes rooms.

use roomtone_tests::room::{create, create_request, playlist, text};
use roomtone_tests::server::Server;
use roomtone_tests::user::User;
use serde_json::{Value, json};

const CREATE: &str = "/v1/api/rooms/create";

async fn ask(service: &User, body: &Value) -> roomtone_tests::http::Response {
    service.ask("POST", CREATE, body).await
}

#[tokio::test]
async fn a_new_room_is_there_to_use_at_once() {
    let server = Server::start().await;
    let (service, owner) = (server.service().await, server.new_user().await);
    let mut request = create_request(&owner, "p-1");
    request["userProfileImage"] = json!("https://images.example/owner.png");
    let room = ask(&service, &request).await.expect(201);
    assert_eq!(
        (&room["roomName"], &room["userCount"], &room["thumbnail"]),
        (&json!("list p-1"), &json!(1), &playlist("p-1")["musics"][0])
    );
    assert_eq!(room["playlist"], playlist("p-1"));
    let who = json!({"uid": owner.uid, "nickName": owner.nickname, "profileImage": "https://images.example/owner.png", "enteredAt": room["owner"]["enteredAt"]});
    assert_eq!(room["owner"], who);
    assert_eq!(room["users"][0]["uid"], owner.uid);
    let id = text(&room["id"]);
    assert_eq!((id.len(), id.split('-').count()), (36, 5), "a UUID");
    let seen = owner.get(&format!("/v1/api/rooms/{id}")).await.expect(200);
    assert_eq!(
        (&seen["id"], &seen["createdAt"]),
        (&room["id"], &room["createdAt"])
    );
    assert_eq!(owner.joined().await.len(), 1);
    owner.connect().await.enter(&id).await;
    assert_eq!(
        service.get("/v1/api/rooms/playlists/p-1").await.expect(200),
        json!({"roomId": id, "locked": true})
    );
    owner.get("/v1/api/rooms/playlists/p-2").await.problem(404);
}

#[tokio::test]
async fn creating_again_gives_the_room_there_is() {
    let server = Server::start().await;
    let (service, owner) = (server.service().await, server.new_user().await);
    let room = ask(&service, &create_request(&owner, "p-1"))
        .await
        .expect(201);
    let mut changed = create_request(&owner, "p-1");
    changed["playlist"]["name"] = json!("an owner can't edit a playlist whose chat has started");
    let again = ask(&service, &changed).await.expect(200);
    for field in ["id", "roomName", "playlist", "createdAt"] {
        assert_eq!(again[field], room[field]);
    }
    server
        .new_user()
        .await
        .connect()
        .await
        .join(&text(&room["id"]))
        .await;
    owner
        .ask(
            "POST",
            &format!("/v1/api/rooms/exit/{}", text(&room["id"])),
            &json!({}),
        )
        .await;
    assert!(owner.joined().await.is_empty());
    let back = ask(&service, &create_request(&owner, "p-1"))
        .await
        .expect(200);
    assert_eq!(
        (&back["id"], &back["createdAt"], &back["userCount"]),
        (&room["id"], &room["createdAt"], &json!(2))
    );
    assert_eq!(owner.joined().await.len(), 1);
}

#[tokio::test]
async fn creates_at_once_make_one_room() {
    let server = Server::start().await;
    let (service, owner) = (server.service().await, server.new_user().await);
    for round in 0..5 {
        let request = create_request(&owner, &format!("p-{round}"));
        let asking: Vec<_> = (0..12)
            .map(|_| {
                let (service, request) = (service.clone(), request.clone());
                tokio::spawn(async move { ask(&service, &request).await })
            })
            .collect();
        let (mut ids, mut new) = (vec![], 0);
        for answer in asking {
            let answer = answer.await.unwrap();
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
            new += usize::from(answer.status == 201);
            ids.push(text(&answer.json()["id"]));
        }
        ids.dedup();
        assert_eq!((ids.len(), new), (1, 1));
        assert_eq!(owner.joined_room(&ids[0]).await["userCount"], 1);
    }
}

#[tokio::test]
async fn the_room_of_another_owner_is_a_conflict() {
    let server = Server::start().await;
    let service = server.service().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    create(&server, &owner, "p-1").await;
    ask(&service, &create_request(&other, "p-1"))
        .await
        .problem(409);
    assert!(other.joined().await.is_empty());
}

#[tokio::test]
async fn only_the_playlist_server_creates() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    ask(&owner, &create_request(&owner, "p-1"))
        .await
        .problem(403);
    let nobody = User {
        token: "nonsense".into(),
        ..owner.clone()
    };
    ask(&nobody, &create_request(&owner, "p-1"))
        .await
        .problem(401);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let server = Server::start().await;
    let (service, owner) = (server.service().await, server.new_user().await);
    let music = playlist("p")["musics"][0].clone();
    let cases: &[(&str, Value, &str)] = &[
        ("/uid", json!(""), "uid"),
        ("/uid", json!("x".repeat(65)), "uid"),
        ("/userName", json!(""), "userName"),
        ("/userName", json!("x".repeat(41)), "userName"),
        ("/playlist/id", json!(""), "id"),
        ("/playlist/name", json!("x".repeat(201)), "name"),
        ("/playlist/musics", json!([]), "musics"),
        (
            "/playlist/musics",
            Value::Array(vec![music.clone(); 501]),
            "musics",
        ),
        ("/playlist/musics/0/title", json!("x".repeat(201)), "title"),
        (
            "/playlist/musics/0/artist",
            json!("x".repeat(201)),
            "artist",
        ),
        ("/playlist/musics/0/playtime", json!("0:00"), "playtime"),
        ("/playlist/musics/0/playtime", json!("3:7"), "playtime"),
        (
            "/playlist/musics/0/playtime",
            json!("three minutes"),
            "playtime",
        ),
        (
            "/playlist/musics/0/thumbnail",
            json!("http://images.example/0.png"),
            "thumbnail",
        ),
        (
            "/playlist/musics/0/thumbnail",
            json!("javascript:0"),
            "thumbnail",
        ),
        (
            "/playlist/musics/0/thumbnail",
            json!(format!("https://images.example/{}", "x".repeat(2_048))),
            "thumbnail",
        ),
    ];
    for (at, value, named) in cases {
        let mut request = create_request(&owner, "p-1");
        *request.pointer_mut(at).unwrap() = value.clone();
        let detail = ask(&service, &request).await.problem(422);
        assert!(detail.contains(named), "{at}: {detail}");
    }
    for missing in ["uid", "userName", "playlist"] {
        let mut request = create_request(&owner, "p-1");
        request.as_object_mut().unwrap().remove(missing);
        assert!(ask(&service, &request).await.problem(422).contains(missing));
    }
    for (at, value) in [
        ("/uid", json!([])),
        ("/userName", json!(7)),
        ("/playlist", json!("p")),
        ("/playlist/musics/0/playtime", json!(7)),
    ] {
        let mut request = create_request(&owner, "p-1");
        *request.pointer_mut(at).unwrap() = value;
        ask(&service, &request).await.problem(400);
    }
    owner.get("/v1/api/rooms/playlists/p-1").await.problem(404);
}

#[tokio::test]
async fn a_uid_may_come_as_a_number_and_ids_of_tracks_may_be_absent() {
    let server = Server::start().await;
    let service = server.service().await;
    let mut request =
        json!({"uid": 4711, "userName": "하늘", "playlist": playlist("p-1"), "unknown": true});
    request["playlist"]["musics"][1]
        .as_object_mut()
        .unwrap()
        .remove("id");
    request["playlist"]["musics"][0]["playtime"] = json!("1:02:03");
    let room = ask(&service, &request).await.expect(201);
    assert_eq!(room["owner"]["uid"], "4711");
    assert_eq!(room["playlist"]["musics"][1]["id"], "1");
    let musics = vec![playlist("p")["musics"][0].clone(); 500];
    request["playlist"]["musics"] = Value::Array(
        musics
            .into_iter()
            .enumerate()
            .map(|(n, mut music)| {
                music["id"] = json!(n.to_string());
                music
            })
            .collect(),
    );
    request["playlist"]["id"] = json!("p-2");
    assert_eq!(
        ask(&service, &request).await.expect(201)["playlist"]["musics"]
            .as_array()
            .unwrap()
            .len(),
        500
    );
}
