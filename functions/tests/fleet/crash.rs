//! A function that dies between the steps of a membership's change: the room is told once all the same.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Fleet;
use crate::runtime::event;

/// The steps of a change, after which a debug build can be told to end, and whether its event is left to be brought in:
/// one that is in the log is noted as settled by whoever records it.
const STEPS: [(&str, bool); 4] = [
    ("committed", true),
    ("appended", false),
    ("settled", false),
    ("joined", false),
];
/// The schedule brings in what is this old.
const SWEPT_AFTER: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How much longer than that it may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fleet with one room, whose owner is its only member.
struct Case {
    fleet: Fleet,
    step: &'static str,
    room: String,
}

impl Case {
    async fn new(step: &'static str) -> Self {
        let mut fleet = Fleet::new().await;
        fleet.start_node();
        let mut case = Self {
            fleet,
            step,
            room: String::new(),
        };
        case.dies(binary!("create-room"), "create-room").await;
        // Asked again it is the same room, which the owner is in, as nobody was told: owners have no ENTER.
        let room = case.create(200).await;
        assert_eq!(room["userCount"], 1, "{step}: {room}");
        case.room = room["id"].as_str().unwrap().to_owned();
        assert_eq!(case.told().await, Vec::<Value>::new(), "{step}");
        case
    }

    /// An armed function gets the event, and ends.
    async fn dies(&self, binary: &str, name: &str) {
        let armed = [("ROOMTONE_CRASH_AFTER", self.step)];
        let function = self.fleet.start(binary, &armed).await;
        let values = [("roomId", self.room.as_str())];
        let status = function.ends(event(name, &values)).await;
        assert!(
            !status.success(),
            "{name} after {}: it did not die",
            self.step
        );
    }

    async fn create(&self, status: u64) -> Value {
        let create = binary!("create-room");
        self.fleet.answer(create, "create-room", &[], status).await
    }

    /// The kinds of the messages in the room, oldest first; somebody must be a member.
    async fn told(&self) -> Vec<Value> {
        let values = [("roomId", self.room.as_str())];
        let history = binary!("history");
        let page = self.fleet.answer(history, "history", &values, 200).await;
        let messages = page["messages"].as_array().unwrap();
        messages
            .iter()
            .rev()
            .map(|m| m["messageType"].clone())
            .collect()
    }

    /// The owner is a member again, and the room was told of one EXIT.
    async fn one_exit(&self) {
        self.create(200).await;
        assert_eq!(self.told().await, [json!("EXIT")], "after {}", self.step);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn who_asks_again_brings_in_what_a_function_left() {
    for (step, _) in STEPS {
        let case = Case::new(step).await;
        case.dies(binary!("exit-room"), "exit-room").await;
        let values = [("roomId", case.room.as_str())];
        let exit = binary!("exit-room");
        case.fleet.answer(exit, "exit-room", &values, 204).await;
        case.one_exit().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn the_schedule_brings_in_what_nobody_asks_for_again() {
    let mut cases = vec![];
    for (step, pending) in STEPS {
        let case = Case::new(step).await;
        case.dies(binary!("exit-room"), "exit-room").await;
        cases.push((case, pending, Instant::now()));
    }
    for (case, pending, died) in cases {
        let mut swept = 0;
        while swept == 0 && (pending || died.elapsed() < SWEPT_AFTER) {
            assert!(
                died.elapsed() < SWEPT_AFTER + PATIENCE,
                "{}: not swept",
                case.step
            );
            let answer = case
                .fleet
                .once(binary!("reindex-rooms"), "schedule", &[])
                .await;
            swept = answer["pending"].as_u64().unwrap();
            sleep(LOOK_AGAIN).await;
        }
        assert_eq!(swept, u64::from(pending), "{}", case.step);
        case.one_exit().await;
    }
}
