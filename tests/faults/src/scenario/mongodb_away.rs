//! MongoDB is away: no room is made, and chat goes on in those there are.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::deadline::until;
use roomtone_tests::part::Part;
use roomtone_tests::room::create_request;
use roomtone_tests::server::{Server, Starting};

use super::{Outcome, Scale};
use crate::crowd::{Crowd, Size};
use crate::proxy::{Mood, Proxy};

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let rounds = scale.of(2, 20);
    let between = scale.of(400, 4_000);
    let mongodb = Part::start("mongodb").await;
    let proxy = Proxy::before(&mongodb.at()).await;
    let address = format!("mongodb://{}/rooms", proxy.at());
    let server = Starting::unhurried()
        .with("MONGO_URI", address)
        .start()
        .await;
    let crowd = Crowd::gather(&server, Size::default()).await;
    let mut recovered = Duration::ZERO;
    for round in 0..rounds {
        crowd.more(between, LIMIT).await;
        let before = proxy.struck();
        proxy.turn(if round % 2 == 0 {
            Mood::Hang
        } else {
            Mood::Refuse
        });
        assert_eq!(create(&server, round).await, 503);
        recovered = recovered.max(crowd.more(between, LIMIT).await);
        assert!(proxy.struck() > before, "MongoDB was not asked");
        proxy.turn(Mood::Pass);
        // A client that lost its connections makes new ones by and by.
        let made = until("a room to be made", || async {
            let status = create(&server, round).await;
            (status != 503).then_some(status)
        });
        assert_eq!(made.await, 201);
    }
    let verdict = crowd.finish(&server, LIMIT).await;
    assert_eq!(verdict.cut_off, 0, "somebody noticed: {verdict:?}");
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: rounds,
        recovered,
        verdict,
        also: format!(
            "create answered 503 meanwhile; {archived} messages of the log are in history"
        ),
    }
}

async fn create(server: &Server, round: usize) -> u16 {
    let owner = server.user("owner-of-later-rooms", "owner").await;
    let request = create_request(&owner, &format!("later-{round}"));
    let service = server.service().await;
    service
        .ask("POST", "/v1/api/rooms/create", &request)
        .await
        .status
}
