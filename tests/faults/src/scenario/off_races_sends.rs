//! Somebody turns their switch off and on by one socket while they talk by another, through two nodes: the log's order says what is
//! shown, and everybody is shown the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::client::{Answer, talk};
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{listen, member, new_room, text};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::judge::Verdict;
use crate::scale::Scale;
use crate::trial::Outcome;

const USERS: usize = 4;
const LISTENERS: usize = 3;
/// Messages that are said once the off was answered: those before it race it.
const AFTER: usize = 5;
/// From one message to the next.
const PACE: Duration = Duration::from_millis(1);

/// What became of what somebody said.
#[derive(Default)]
struct Said {
    receipted: BTreeSet<String>,
    sent: usize,
    refused: usize,
    switched: usize,
}

pub(crate) async fn run(scale: Scale) -> Outcome {
    let bursts = scale.of(25, 1_000);
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let mut listeners = vec![];
    for _ in 0..LISTENERS {
        let client = member(&server, std::slice::from_ref(&room)).await;
        let client = client.connect().await;
        client.done(listen(&room)).await;
        listeners.push(client);
    }
    let mut talking = JoinSet::new();
    for _ in 0..USERS {
        let user = member(&server, std::slice::from_ref(&room)).await;
        talking.spawn(race(user, room.clone(), bursts));
    }
    let said = talking.join_all().await;
    let speaker = member(&server, std::slice::from_ref(&room)).await;
    let speaker = speaker.connect().await;
    speaker.join(&room).await;
    let last = speaker.say(&room, "the end").await;
    let shown = shown(&server, &room).await;
    let mut heard = 0;
    for client in &listeners {
        let messages = client.heard_until(&room, &last).await;
        let talks = messages.iter().filter(|m| m["messageType"] == "TALK");
        let ids: Vec<String> = talks.map(|message| text(&message["id"])).collect();
        heard += ids.len();
        assert_eq!(ids, shown, "what is heard, and what the log's order says");
    }
    let receipted: BTreeSet<String> = said
        .iter()
        .flat_map(|said| said.receipted.iter().cloned())
        .chain([last])
        .collect();
    assert_eq!(
        receipted,
        shown.iter().cloned().collect(),
        "what is acknowledged, and what is shown"
    );
    let refused: usize = said.iter().map(|said| said.refused).sum();
    assert!(
        refused > 0 && receipted.len() > 1,
        "no race: {refused} refused, {} not",
        receipted.len()
    );
    Outcome {
        faults: said.iter().map(|said| said.switched).sum(),
        archived: archived(&server, &room, &shown).await,
        verdict: Verdict {
            sent: said.iter().map(|said| said.sent).sum::<usize>() + 1,
            acknowledged: receipted.len(),
            heard,
            refused,
            ..Verdict::default()
        },
        ..Outcome::default()
    }
}

/// Talks by one socket, and turns off and on by another.
async fn race(user: User, room: String, bursts: usize) -> Said {
    let (talking, switching) = (user.connect().await, user.connect().await);
    talking.join(&room).await;
    switching.join(&room).await;
    let mut said = Said::default();
    for burst in 0..bursts {
        let off = switching.done(presence(&room, "off"));
        let mut off = std::pin::pin!(off);
        let (mut receipts, mut answered, mut after) = (vec![], false, 0);
        // While the off is on its way, and a little longer.
        while after < AFTER {
            receipts.push(talking.post(talk(&room, &burst.to_string())).await);
            tokio::select! {
                biased;
                _ = &mut off, if !answered => answered = true,
                () = tokio::time::sleep(PACE) => after += usize::from(answered),
            }
        }
        said.sent += receipts.len();
        said.switched += 1;
        for receipt in receipts {
            match talking.answer(&receipt).await {
                Answer::Receipt(receipt) => {
                    said.receipted
                        .insert(text(&json!(receipt.get("message-id"))));
                }
                Answer::Refused(refusal) => {
                    assert_eq!(refusal["status"], 403, "{refusal}");
                    said.refused += 1;
                }
                Answer::Error(error) => panic!("{error:?}"),
            }
        }
        switching.done(presence(&room, "on")).await;
        said.switched += 1;
    }
    said
}

fn presence(room: &str, word: &str) -> Frame {
    Frame::send(
        "/chat/pub/presence",
        &json!({"roomId": room, "presence": word}),
    )
}

/// The messages that the log's order shows: those of somebody whose last change before was not their off.
async fn shown(server: &Server, room: &str) -> Vec<String> {
    let (mut shown, mut off, mut versions) = (vec![], BTreeSet::new(), BTreeMap::new());
    for (offset, fact) in archive::facts(server).await {
        if fact["in"][0] != *room {
            continue;
        }
        let event = &fact["in"][1];
        if let Some(member) = event.get("member") {
            let uid = text(&member["who"]["uid"]);
            let newest = versions.entry(uid.clone()).or_insert(0);
            let version = member["version"].as_u64().expect("a version");
            // The same change twice is one.
            if version > *newest {
                *newest = version;
                match &member["change"]["switched"]["on"] {
                    Value::Bool(false) => off.insert(uid),
                    _ => off.remove(&uid),
                };
            }
        }
        let Some(said) = event.get("said") else {
            continue;
        };
        if !off.contains(&text(&said["sender"]["uid"])) {
            let lines = said["lines"].as_array().map_or(0, Vec::len);
            shown.extend((0..lines).map(|index| format!("0000{offset:016x}{index:02x}")));
        }
    }
    shown
}

/// Sees that history has these talks and no others; gives how many messages it has.
async fn archived(server: &Server, room: &str, shown: &[String]) -> usize {
    let reader = member(server, &[room.to_owned()]).await;
    reader.recorded(room).await;
    let history = reader.history(room).await;
    let talks = history.iter().filter(|m| m["messageType"] == "TALK");
    let ids: Vec<String> = talks.map(|message| text(&message["id"])).collect();
    assert_eq!(ids, shown, "history, and what the log's order says");
    history.len()
}
