//! Joins, exits and repeats of one user's at once, against a model that does one thing after another.
//!
//! The log says in which order the changes of a user took effect. Gone through in that order, each has to be what the rules
//! make of what was before: a member joins nothing twice, is in four rooms at most, and leaves the one joined longest ago for a
//! fifth; and what comes of it all is what the user is told that they are in.

use std::collections::BTreeSet;
use std::time::Instant;

use roomtone_tests::archive::{self, Change};
use roomtone_tests::client::Answer;
use roomtone_tests::room::{act, new_room, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use tokio::task::JoinSet;

use crate::judge::Verdict;
use crate::random::Random;
use crate::scale::Scale;
use crate::trial::Outcome;

const ROOMS: usize = 7;
/// Sockets of each user, on one node after another.
const SOCKETS: usize = 6;
const ROOMS_MAX: usize = 4;

pub(crate) async fn run(scale: Scale) -> Outcome {
    // DynamoDB's emulator takes some dozens of changes a second.
    let server = Starting::unhurried().start().await;
    let tried = against_the_model(&server, (scale.of(8, 64), scale.of(20, 130))).await;
    let archived = archive::is_the_log(&server).await;
    Outcome { archived, ..tried }
}

/// The same on the one process.
pub(crate) async fn alone(scale: Scale) -> Outcome {
    let server = Starting::unhurried().alone().start().await;
    against_the_model(&server, (scale.of(8, 64), scale.of(20, 2_600))).await
}

/// So many people, each with several sockets, of which each does so many things. A user's changes wait for each other, so that
/// many users are what makes many changes.
async fn against_the_model(server: &Server, (people, each): (usize, usize)) -> Outcome {
    let mut rooms = vec![];
    for _ in 0..ROOMS {
        rooms.push(new_room(server).await);
    }
    let (mut users, mut acting) = (vec![], JoinSet::new());
    let begun = Instant::now();
    for _ in 0..people {
        let user = server.new_user().await;
        for socket in 0..SOCKETS {
            acting.spawn(join_and_exit(user.clone(), rooms.clone(), socket, each));
        }
        users.push(user);
    }
    let mut refused = 0;
    while let Some(done) = acting.join_next().await {
        refused += done.expect("somebody who did all they were to do");
    }
    let took = begun.elapsed();
    let changes = archive::changes(server).await;
    let mut effective = 0;
    for user in &users {
        effective += follows_the_model(user, &changes).await;
    }
    let tried = people * SOCKETS * each;
    Outcome {
        faults: tried,
        verdict: Verdict {
            sent: tried,
            acknowledged: tried - refused,
            refused,
            ..Verdict::default()
        },
        also: format!(
            "{effective} of them changed something, none against the model; {:.0} a second",
            tried as f64 / took.as_secs_f64()
        ),
        ..Outcome::default()
    }
}

/// Does so many things, each without waiting for what other sockets do; gives how many were refused as too busy.
async fn join_and_exit(user: User, rooms: Vec<String>, socket: usize, count: usize) -> usize {
    let client = user.connect().await;
    let mut refused = 0;
    let mut random = Random::new(socket);
    for _ in 0..count {
        let verb = if random.below(4) == 0 { "exit" } else { "join" };
        let frame = act(verb, &rooms[random.below(rooms.len())]);
        let mut receipts = vec![client.post(frame.clone()).await];
        if random.below(5) == 0 {
            receipts.push(client.post(frame).await);
        }
        for receipt in receipts {
            match client.answer(&receipt).await {
                Answer::Receipt(_) => {}
                Answer::Refused(refusal) if refusal["status"] == 503 => refused += 1,
                // Somebody else was quicker.
                Answer::Refused(refusal) if verb == "exit" && refusal["status"] == 403 => {}
                other => panic!("{other:?}"),
            }
        }
        // Nothing is waited for now; what it is told of the other sockets' changes would be looked through for each answer.
        client.drain(|_| true);
    }
    client.disconnect().await;
    refused
}

/// Goes through a user's changes; gives how many there are.
async fn follows_the_model(user: &User, all: &BTreeSet<Change>) -> usize {
    // By version, and within one what is left before what is joined.
    let mut own: Vec<&Change> = all.iter().filter(|change| change.uid == user.uid).collect();
    own.sort_by_key(|change| (change.version, change.joined));
    // The oldest first.
    let mut member: Vec<String> = vec![];
    for (place, change) in own.iter().enumerate() {
        let at = member.iter().position(|room| *room == change.room);
        if change.joined {
            assert_eq!(at, None, "{change:?}: a member joins");
            assert!(
                member.len() < ROOMS_MAX,
                "{change:?}: a fifth room, {member:?}"
            );
            member.push(change.room.clone());
            continue;
        }
        let at = at.unwrap_or_else(|| panic!("{change:?}: nobody who is a member exits"));
        if let Some(by) = &change.by {
            let next = own.get(place + 1);
            let joins = next.is_some_and(|next| {
                next.joined && next.version == change.version && next.room == *by
            });
            assert!(joins, "{change:?}: left for nothing");
            assert_eq!(
                (at, member.len()),
                (0, ROOMS_MAX),
                "{change:?}: not the oldest of four, {member:?}"
            );
        }
        member.remove(at);
    }
    member.reverse();
    assert_eq!(texts(&user.joined().await, "id"), member, "{}", user.uid);
    own.len()
}
