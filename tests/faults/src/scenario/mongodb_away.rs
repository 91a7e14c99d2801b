//! MongoDB is away: no room is made, and chat goes on in those there are.

use roomtone_tests::deadline::until;
use roomtone_tests::part::Part;
use roomtone_tests::room::create_request;
use roomtone_tests::server::{Server, Starting};

use crate::proxy::{Mood, Proxy};
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

const MOODS: [Mood; 2] = [Mood::Hang, Mood::Refuse];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let between = scale.of(400, 4_000);
    let mongodb = Part::start("mongodb").await;
    let proxy = Proxy::before(&mongodb.at()).await;
    let address = format!("mongodb://{}/rooms", proxy.at());
    let mut trial = Trial::begin(scale, Starting::unhurried().with("MONGO_URI", address)).await;
    for round in 0..scale.of(2, 20) {
        trial.talk(between).await;
        let before = proxy.struck();
        proxy.turn(MOODS[round % MOODS.len()]);
        assert_eq!(create(&trial.server, round).await, 503);
        trial.next_acknowledged().await;
        trial.talk(between).await;
        assert!(proxy.struck() > before, "MongoDB was not asked");
        trial.struck(1);
        proxy.turn(Mood::Pass);
        // A client that lost its connections makes new ones by and by.
        let made = until("a room to be made", || async {
            let status = create(&trial.server, round).await;
            (status != 503).then_some(status)
        });
        assert_eq!(made.await, 201);
    }
    trial
        .judge()
        .await
        .unnoticed()
        .also("Create answered 503 meanwhile")
}

/// Asks for a room of its own, the same in each try.
async fn create(server: &Server, round: usize) -> u16 {
    let owner = server.user(&format!("owner-{round}"), "owner").await;
    let request = create_request(&owner, &format!("later-{round}"));
    let service = server.service().await;
    service
        .ask("POST", "/v1/api/rooms/create", &request)
        .await
        .status
}
