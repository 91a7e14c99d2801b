//! A stranger writes into the log what nobody can read: it is set aside and counted, and nobody notices.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use roomtone_tests::archive;
use roomtone_tests::deadline::until;
use roomtone_tests::figures::{figures, free_address};
use roomtone_tests::server::Starting;

use crate::random::Random;
use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages before each letter.
const BETWEEN: usize = 40;
/// Of the log of a fleet of the tests, at least.
const PARTITIONS: usize = 4;
/// What a letter may be, beside octets of no meaning.
const LETTERS: [&str; 4] = ["", "no record", "{\"in\":[7]}", "{\"nodeGone\":\"x\"}"];

pub(crate) async fn run(scale: Scale) -> Outcome {
    let mut trial = Trial::begin(scale, Starting::unhurried()).await;
    let admin = free_address();
    let port = admin.port().to_string();
    trial
        .server
        .add_node(&[("ROOMTONE_ADMIN_PORT", &port)])
        .await;
    let (mut random, mut put) = (Random::new(0), BTreeMap::new());
    for round in 0..scale.of(20, 2_000) {
        trial.talk(BETWEEN).await;
        let letter: Vec<u8> = match LETTERS.get(round % (LETTERS.len() + 1)) {
            Some(letter) => letter.bytes().collect(),
            None => (0..random.below(2_000))
                .map(|_| random.below(256) as u8)
                .collect(),
        };
        let partition = (round % PARTITIONS) as i32;
        let place = archive::put_as_stranger(&trial.server, partition, &letter).await;
        put.insert(place, letter);
        trial.struck(1);
        trial.next_acknowledged().await;
    }
    let set_aside = || async {
        let letters = archive::dead_letters(&trial.server).await;
        (letters.len() >= put.len()).then_some(letters)
    };
    assert_eq!(until("letters to be set aside", set_aside).await, put);
    let counted = || async {
        let count = unreadable(admin).await;
        (count >= put.len()).then_some(count)
    };
    assert_eq!(until("letters to be counted", counted).await, put.len());
    trial.judge().await.unnoticed()
}

/// What the node that answers here says of records that it could not read.
async fn unreadable(admin: SocketAddr) -> usize {
    figures(admin).await["records_unreadable_total"] as usize
}
