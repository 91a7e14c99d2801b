//! The same track at the same moment, for everybody.

use roomtone_tests::room::{LENGTHS_MS, act, create, text};
use roomtone_tests::server::{Server, Starting};
use serde_json::{Value, json};

/// Milliseconds since 1970 of `2024-05-06T07:08:09.123Z`.
fn ms(time: &Value) -> i64 {
    let time = text(time);
    let number = |from: usize, to: usize| {
        time[from..to]
            .parse::<i64>()
            .unwrap_or_else(|_| panic!("{time}"))
    };
    // Days from the civil calendar: years begin in March, so that leap days come last.
    let (month, day) = (number(5, 7), number(8, 10));
    let year = number(0, 4) - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60_000
        + number(17, 19) * 1_000
        + number(20, 23)
}

/// What must be playing, by the times that the room itself gives: (index, position, beginning of the track).
fn expected(created_at: &Value, now_ms: i64) -> (i64, i64, i64) {
    let total: i64 = LENGTHS_MS.iter().sum();
    let mut position = (now_ms - ms(created_at)).rem_euclid(total);
    for (index, length) in (0..).zip(LENGTHS_MS) {
        if position < length {
            return (index, position, now_ms - position);
        }
        position -= length;
    }
    unreachable!("a position lies within the whole length");
}

fn check(created_at: &Value, playing: &Value) {
    let (index, position, started) = expected(created_at, ms(&playing["serverTime"]));
    assert_eq!(
        (&playing["index"], &playing["positionMs"]),
        (&json!(index), &json!(position)),
        "{playing}"
    );
    assert_eq!(
        (&playing["musicId"], ms(&playing["startedAt"])),
        (&json!(format!("m{index}")), started),
        "{playing}"
    );
}

#[tokio::test]
async fn everybody_gets_the_same_answer_wherever_they_ask() {
    let server = Server::start().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    let room = create(&server, &owner, "p-1").await;
    let client = other.connect().await;
    let joined = client.enter(&room).await;
    let created_at = joined["room"]["createdAt"].clone();
    check(&created_at, &joined["nowPlaying"]);
    check(&created_at, &joined["room"]["nowPlaying"]);
    for user in [&owner, &other] {
        check(
            &created_at,
            &user.get(&format!("/v1/api/rooms/{room}")).await.expect(200)["nowPlaying"],
        );
        check(&created_at, &user.joined_room(&room).await["nowPlaying"]);
        check(
            &created_at,
            &user
                .get(&format!("/v1/api/chat/rooms/joined/{room}"))
                .await
                .expect(200)["nowPlaying"],
        );
    }
    let stranger = server.new_user().await;
    check(
        &created_at,
        &stranger.get("/v1/api/rooms/unjoined").await.expect(200)["rooms"][0]["nowPlaying"],
    );
}

#[tokio::test]
async fn a_message_tells_what_was_playing_when_it_was_sent() {
    let server = Server::start().await;
    let (owner, other) = (server.new_user().await, server.new_user().await);
    let room = create(&server, &owner, "p-1").await;
    let client = other.connect().await;
    let created_at = client.enter(&room).await["room"]["createdAt"].clone();
    client.say(&room, "what is this song").await;
    client.done(act("exit", &room)).await;
    for _ in 0..3 {
        let message = client.heard(&room).await;
        let (index, position, _) = expected(&created_at, ms(&message["createdAt"]));
        assert_eq!(
            (&message["currentMusicId"], &message["positionMs"]),
            (&json!(format!("m{index}")), &json!(position)),
            "{message}"
        );
    }
}

#[tokio::test]
async fn the_music_plays_on_over_a_crash() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let room = create(&server, &owner, "p-1").await;
    let before = owner.joined_room(&room).await["createdAt"].clone();
    let server = Starting::default().on(server.kill().await).start().await;
    let after = owner.at(&server).joined_room(&room).await;
    assert_eq!(after["createdAt"], before);
    check(&before, &after["nowPlaying"]);
}

#[tokio::test]
async fn the_track_changes_at_its_end() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let mut request = roomtone_tests::room::create_request(&owner, "p-1");
    for (at, playtime) in [(0, "0:01"), (1, "0:01"), (2, "0:01")] {
        request["playlist"]["musics"][at]["playtime"] = json!(playtime);
    }
    let room = text(
        &server
            .service()
            .await
            .ask("POST", "/v1/api/rooms/create", &request)
            .await
            .expect(201)["id"],
    );
    for wanted in ["m1", "m2", "m0"] {
        let playing = roomtone_tests::deadline::until(wanted, async || {
            let playing = owner.joined_room(&room).await["nowPlaying"].clone();
            (playing["musicId"] == wanted).then_some(playing)
        });
        let playing = playing.await;
        assert!(
            playing["positionMs"].as_i64().is_some_and(|ms| ms < 1_000),
            "{playing}"
        );
        assert_eq!(
            ms(&playing["serverTime"]) - ms(&playing["startedAt"]),
            playing["positionMs"].as_i64().unwrap()
        );
    }
}
