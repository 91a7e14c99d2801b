//! New rooms reach the search server, whatever it is up to.

use std::time::Duration;

use roomtone_tests::deadline::until;
use roomtone_tests::room::{ask_to_create, create, new_room, text, texts};
use roomtone_tests::search::{Mood, Search};
use roomtone_tests::server::{Server, Starting};
use serde_json::json;
use tokio::time::Instant;

/// The half second that create waits at most, and what a busy machine adds to it.
const BOUND: Duration = Duration::from_millis(500 + 2_500);

async fn start(search: &Search) -> Server {
    Starting::default()
        .with("SEARCH_URL", search.url())
        .with("ROOMTONE_SWEEP_S", 1)
        .start()
        .await
}

/// Makes a room, within the time that create may take.
async fn quickly(server: &Server) -> String {
    let began = Instant::now();
    let room = new_room(server).await;
    assert!(began.elapsed() < BOUND, "create took {:?}", began.elapsed());
    room
}

#[tokio::test]
async fn a_room_is_indexed_before_create_answers() {
    let search = Search::start(Mood::Accepts).await;
    let server = start(&search).await;
    let owner = server.new_user().await;
    let room = create(&server, &owner, "p-1").await;
    let entry = json!({"roomId": room, "roomName": "list p-1", "playlistId": "p-1", "thumbnailImage": "https://images.example/0.png"});
    assert_eq!(search.indexed(), vec![entry.clone()]);
    // The room there is needs no second entry.
    ask_to_create(&server.service().await, &owner, "p-1")
        .await
        .expect(200);
    assert_eq!(search.indexed(), vec![entry]);
}

#[tokio::test]
async fn a_search_server_that_refuses_hangs_and_recovers_gets_every_room_across_a_crash() {
    let search = Search::start(Mood::Refuses).await;
    let mut server = start(&search).await;
    let mut rooms = vec![quickly(&server).await, quickly(&server).await];
    assert!(search.asked() >= 2, "create tries at once");
    search.turn(Mood::Hangs);
    rooms.push(quickly(&server).await);
    rooms.push(quickly(&server).await);
    let settings = Starting::default()
        .with("SEARCH_URL", search.url())
        .with("ROOMTONE_SWEEP_S", 1);
    server = settings.on(server.kill().await).start().await;
    rooms.push(quickly(&server).await);
    let asked = search.asked();
    search.turn(Mood::Refuses);
    until("another try", async || {
        (search.asked() > asked).then_some(())
    })
    .await;
    assert!(search.indexed().is_empty());
    search.turn(Mood::Accepts);
    search.has_all(&rooms).await;
    let room = quickly(&server).await;
    assert!(texts(&search.indexed(), "roomId").contains(&room));
}

#[tokio::test]
async fn rooms_made_while_there_is_no_search_server_are_indexed_once_there_is_one() {
    let server = Server::start().await;
    let room = quickly(&server).await;
    let search = Search::start(Mood::Accepts).await;
    let settings = Starting::default()
        .with("SEARCH_URL", search.url())
        .with("ROOMTONE_SWEEP_S", 1);
    let _server = settings.on(server.kill().await).start().await;
    search.has_all(&[room]).await;
}

#[tokio::test]
async fn a_search_server_that_is_not_there_holds_nobody_up() {
    let search = Search::start(Mood::Accepts).await;
    let url = search.url();
    drop(search);
    let server = Starting::default().with("SEARCH_URL", url).start().await;
    let owner = server.new_user().await;
    let began = Instant::now();
    let room = create(&server, &owner, "p-1").await;
    assert!(began.elapsed() < BOUND, "create took {:?}", began.elapsed());
    assert_eq!(text(&owner.joined_room(&room).await["id"]), room);
}
