//! Exiting: no longer a member; and rooms that nobody is in.

use roomtone_tests::client::talk;
use roomtone_tests::deadline::until;
use roomtone_tests::room::{
    act, ask_to_create, create, create_request, new_room, playlist, text, texts,
};
use roomtone_tests::server::{Server, Starting};
use serde_json::{Value, json};

#[tokio::test]
async fn exit_ends_the_membership_and_tells_the_room_once() {
    let server = Server::start().await;
    for over_http in [false, true] {
        let room = new_room(&server).await;
        let (user, other) = (server.new_user().await, server.new_user().await);
        let (client, second, witness) = (
            user.connect().await,
            user.connect().await,
            other.connect().await,
        );
        for client in [&client, &second, &witness] {
            client.enter(&room).await;
        }
        for _ in 0..3 {
            if over_http {
                assert_eq!(
                    user.ask("POST", &format!("/v1/api/rooms/exit/{room}"), &json!({}))
                        .await
                        .status,
                    204
                );
            } else {
                client.done(act("exit", &room)).await;
            }
        }
        let after = witness.say(&room, "after").await;
        let heard = witness.heard_until(&room, &after).await;
        let exits: Vec<&Value> = heard
            .iter()
            .filter(|m| m["messageType"] == "EXIT")
            .collect();
        assert_eq!(exits.len(), 1);
        assert_eq!(
            (&exits[0]["senderId"], &exits[0]["content"]),
            (
                &json!(user.uid),
                &json!(format!("{}님이 퇴장하였습니다.", user.nickname))
            )
        );
        // Every socket hears the EXIT, and then nothing.
        for client in [&client, &second] {
            client
                .heard_until(&room, exits[0]["id"].as_str().unwrap())
                .await;
            client.refused(talk(&room, "gone"), 403).await;
            assert!(client.drain(|frame| frame.command == "MESSAGE").is_empty());
        }
        assert!(user.joined().await.is_empty());
        user.get(&format!("/v1/api/chat/rooms/joined/{room}"))
            .await
            .problem(403);
        user.get(&format!("/v1/api/chat/history/{room}"))
            .await
            .problem(403);
        assert_eq!(other.joined_room(&room).await["userCount"], 2);
    }
}

#[tokio::test]
async fn the_exit_of_somebody_who_was_never_a_member_changes_nothing() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (stranger, witness) = (
        server.new_user().await,
        server.new_user().await.connect().await,
    );
    witness.enter(&room).await;
    assert_eq!(
        stranger
            .ask("POST", &format!("/v1/api/rooms/exit/{room}"), &json!({}))
            .await
            .status,
        204
    );
    // On the socket, nobody is told whether a room they were never a member of exists.
    let client = stranger.connect().await;
    client.refused(act("exit", &room), 403).await;
    client
        .refused(act("exit", "00000000-0000-4000-8000-000000000000"), 403)
        .await;
    let after = witness.say(&room, "after").await;
    assert_eq!(witness.heard_until(&room, &after).await.len(), 2);
}

#[tokio::test]
async fn the_owners_exit_changes_nothing_for_others() {
    let server = Server::start().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    let room = create(&server, &owner, "p-1").await;
    let client = other.connect().await;
    client.enter(&room).await;
    assert_eq!(
        owner
            .ask("POST", &format!("/v1/api/rooms/exit/{room}"), &json!({}))
            .await
            .status,
        204
    );
    client.say(&room, "without the owner").await;
    let seen = other.joined_room(&room).await;
    assert_eq!(
        (&seen["owner"]["uid"], &seen["userCount"]),
        (&json!(owner.uid), &json!(1))
    );
    assert_eq!(
        other.get("/v1/api/rooms/playlists/p-1").await.expect(200),
        json!({"roomId": room, "locked": true})
    );
}

#[tokio::test]
async fn a_room_whose_last_member_exits_is_not_live_and_its_playlist_is_free() {
    let server = Server::start().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    let room = create(&server, &owner, "p-1").await;
    let first = owner.joined_room(&room).await;
    let client = other.connect().await;
    client.join(&room).await;
    client.say(&room, "soon over").await;
    let exit = format!("/v1/api/rooms/exit/{room}");
    owner.ask("POST", &exit, &json!({})).await;
    client.done(act("exit", &room)).await;
    let stranger = server.new_user().await;
    // In a fleet the list follows the recorder.
    let none = json!({"rooms": [], "nextCursor": null});
    until("the room to be no live one", async || {
        let listed = stranger.get("/v1/api/rooms/unjoined").await.expect(200);
        (listed == none).then_some(())
    })
    .await;
    assert_eq!(
        stranger
            .get("/v1/api/rooms/playlists/p-1")
            .await
            .expect(200),
        json!({"roomId": room, "locked": false})
    );
    let all = server
        .service()
        .await
        .get("/v1/api/rooms/")
        .await
        .expect(200);
    assert_eq!(
        texts(all["rooms"].as_array().unwrap(), "id"),
        [room.as_str()]
    );

    // It starts anew: the same room, with the playlist as it is now.
    let mut request = create_request(&owner, "p-1");
    request["playlist"]["name"] = json!("another name");
    request["playlist"]["musics"] = json!([playlist("p-1")["musics"][2]]);
    let again = server
        .service()
        .await
        .ask("POST", "/v1/api/rooms/create", &request)
        .await
        .expect(200);
    assert_eq!(
        (&again["id"], &again["roomName"], &again["userCount"]),
        (&json!(room), &json!("another name"), &json!(1))
    );
    assert!(text(&again["createdAt"]) > text(&first["createdAt"]));
    assert_eq!(
        (&again["nowPlaying"]["musicId"], &again["thumbnail"]["id"]),
        (&json!("m2"), &json!("m2"))
    );
    assert_eq!(
        stranger
            .get("/v1/api/rooms/playlists/p-1")
            .await
            .expect(200)["locked"],
        true
    );
    let listed = stranger.get("/v1/api/rooms/unjoined").await.expect(200);
    assert_eq!(
        texts(listed["rooms"].as_array().unwrap(), "id"),
        [room.as_str()]
    );
}

#[tokio::test]
async fn ids_go_on_upwards_when_a_room_starts_anew() {
    let server = Server::start().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    let room = create(&server, &owner, "p-1").await;
    let client = other.connect().await;
    client.enter(&room).await;
    let before = client.say(&room, "the first time").await;
    owner
        .ask("POST", &format!("/v1/api/rooms/exit/{room}"), &json!({}))
        .await;
    client.done(act("exit", &room)).await;
    ask_to_create(&server.service().await, &owner, "p-1")
        .await
        .expect(200);
    client.join(&room).await;
    let after = client.say(&room, "the second time").await;
    assert!(after > before);
    let heard = client.heard_until(&room, &after).await;
    assert!(texts(&heard, "id").is_sorted());
}

#[tokio::test]
async fn an_exit_outlives_a_crash() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    client.done(act("exit", &room)).await;
    let server = Starting::default().on(server.kill().await).start().await;
    assert!(user.at(&server).joined().await.is_empty());
}

#[tokio::test]
async fn a_room_is_live_exactly_while_it_has_members_however_they_race() {
    let server = Starting::unhurried().start().await;
    let (service, owner, other) = (
        server.service().await,
        server.new_user().await,
        server.new_user().await,
    );
    let room = create(&server, &owner, "p-1").await;
    let (going, coming) = (owner.connect().await, other.connect().await);
    for round in 0..30 {
        // One goes as another comes, and every third time the owner makes the room anew at the same moment.
        let exit = going.post(act("exit", &room)).await;
        let verb = if round % 2 == 0 { "join" } else { "exit" };
        let race = coming.post(act(verb, &room)).await;
        if round % 3 == 0 {
            let again = ask_to_create(&service, &owner, "p-1").await;
            assert_eq!(again.expect(200)["id"], room.as_str());
        }
        going.answer(&exit).await;
        coming.answer(&race).await;
        let members = owner
            .get(&format!("/v1/api/rooms/{room}"))
            .await
            .expect(200)["userCount"]
            .clone();
        let joined = owner.joined().await.len() + other.joined().await.len();
        assert_eq!(members, joined, "round {round}");
        until(&format!("the lock of round {round}"), || async {
            let found = service.get("/v1/api/rooms/playlists/p-1").await.expect(200);
            (found["locked"] == (joined > 0)).then_some(())
        })
        .await;
        going.done(act("join", &room)).await;
    }
}
