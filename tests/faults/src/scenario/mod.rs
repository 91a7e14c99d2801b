//! The scenarios: each provokes one fault while people talk, sees that it struck, and that it harmed nothing.

mod broker_lost;
mod clocks;
mod dead_letters;
mod deploy;
mod dynamodb_away;
mod dynamodb_throttles;
mod garbage;
mod joins_at_once;
mod joins_at_once_alone;
mod kafka_killed;
mod kafka_paused;
mod mongodb_away;
mod node_killed;
mod node_paused;
mod off_races_sends;
mod redis_away;
mod redis_flushed;
mod rolling_restart;
mod silent_sockets;
mod since_everywhere;
mod slow_readers;
mod subscribes_in_bursts;

use std::pin::Pin;

use crate::scale::Scale;
use crate::trial::Outcome;

pub(crate) type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) about: &'static str,
    pub(crate) run: fn(Scale) -> Running,
}

/// Those that need what only debug builds of the server have: a clock that can be set wrong.
const DEBUG_ONLY: [&str; 1] = ["clocks"];

impl Scenario {
    /// Whether the server, which is built as this is, has all that it takes.
    pub(crate) fn can_run(&self) -> bool {
        cfg!(debug_assertions) || !DEBUG_ONLY.contains(&self.name)
    }
}

macro_rules! scenarios {
    ($($name:ident: $about:literal,)*) => {
        &[$(Scenario {
            name: stringify!($name),
            about: $about,
            run: |scale| Box::pin($name::run(scale)),
        }),*]
    };
}

pub(crate) const ALL: &[Scenario] = scenarios! {
    node_killed: "a socket node is killed, and another one started, again and again",
    node_paused: "a socket node stands still for longer than its lease, and comes back",
    rolling_restart: "each node gets SIGTERM in its turn, and a new one takes its place",
    deploy: "a node with many clients is asked to stop, and they come to the others",
    kafka_killed: "the broker is killed, and started again, again and again",
    broker_lost: "one of three brokers is killed, and started again, again and again",
    kafka_paused: "the broker stands still for longer than an append may take",
    redis_flushed: "all that Redis holds is thrown away, again and again",
    redis_away: "Redis is slow, then hangs, then refuses",
    dynamodb_throttles: "DynamoDB throttles three of ten requests",
    dynamodb_away: "DynamoDB is away, and comes back",
    dead_letters: "a stranger writes into the log what nobody can read",
    subscribes_in_bursts: "subscriptions end in the middle of a burst, and others go on from there",
    since_everywhere: "somebody comes back since each message of a room, through every node",
    off_races_sends: "somebody turns off by one socket while they talk by another",
    clocks: "nodes whose clocks are an hour before, and an hour behind",
    garbage: "frames that say nothing sensible, thousands of them",
    slow_readers: "sockets do not read while a room is talked full",
    silent_sockets: "sockets die without a word, after a connection, an upgrade or a login",
    joins_at_once: "one user's joins and exits run at once, through every node, and some are said twice",
    joins_at_once_alone: "the same on the one process, with its data in one folder",
    mongodb_away: "MongoDB is away, and comes back",
};
