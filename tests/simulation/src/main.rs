//! Socket nodes with time, log and stores under the control of a seed; how that is run: `tests/simulation/run`.
//!
//! | file | what |
//! |---|---|
//! | `world` | what all nodes share: the log, what is recorded of it, memberships, what is away |
//! | `stores` | the same as one node has it |
//! | `person` · `socket` | people with clients |
//! | `trace` | what happens, to be seen |
//! | `notes` · `judge` | what they write down, and what must be so of it |
//! | `random` | numbers that a seed decides |

// All of this is test code, where a broken expectation must stop the run at once.
#![allow(clippy::cast_possible_truncation)]

mod judge;
mod notes;
mod person;
mod random;
mod socket;
mod stores;
mod trace;
mod world;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roomtone_shared::auth::{AuthSettings, Authenticator, Claims, Secret, Signer};
use roomtone_shared::config::Env;
use roomtone_shared::domain::rate::Rate;
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::user::Uid;
use roomtone_shared::outbound::Outbound;
use roomtone_socket_node::{SocketNode, SocketSettings};
use serde_json::json;
use tokio::runtime::RngSeed;
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use judge::{Counts, judge};
use person::{Around, Habits, Nodes, Person, Phase};
use random::Random;
use stores::OfNode;
use trace::trace;
use world::World;

const USAGE: &str = "tests/simulation/run [--seeds N] [--from SEED] [--seed SEED]";
/// How long people live before they settle, in the run's own time.
const LIVE: Duration = Duration::from_secs(45);
/// How long they have to hear the rest.
const SETTLE: Duration = Duration::from_secs(90);
const ROOMS: usize = 5;
/// Rooms that everybody wants to be in.
const HOME: usize = 3;
const SECRET: &str = "a secret of the simulation alone";

/// Panics so far: a runtime takes those of its tasks for their own affair.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        shown(panic);
    }));
    let (mut from, mut count) = (0, 200);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = arguments.next().and_then(|number| number.parse().ok());
        match (argument.as_str(), number) {
            ("--seeds", Some(number)) => count = number,
            ("--from", Some(number)) => from = number,
            ("--seed", Some(number)) => (from, count) = (number, 1),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let begun = std::time::Instant::now();
    let (mut all, mut failed) = (Counts::default(), vec![]);
    for seed in from..from + count {
        let ran = run(seed, count == 1);
        let (counts, mut wrong) = (ran.counts.clone(), ran.wrong.clone());
        // One of them twice: a seed that does not say all would be of no use to anybody.
        if seed == from && count > 1 && run(seed, false) != ran {
            wrong.push("it is another one when it is run again".into());
        }
        if !wrong.is_empty() {
            println!("seed {seed}: {} wrong", wrong.len());
            wrong.iter().take(10).for_each(|what| println!("  {what}"));
            failed.push(seed);
        }
        all.add(&counts);
    }
    println!(
        "{count} seeds from {from} in {:.1} s: {all:?}",
        begun.elapsed().as_secs_f64()
    );
    // As cargo's tests say it, so that whoever counts those can count these.
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "test result: {word}. {} passed; {} failed; 0 ignored;",
        count - failed.len() as u64,
        failed.len()
    );
    for seed in &failed {
        println!("again: tests/simulation/run --seed {seed}");
    }
    ExitCode::from(u8::from(!failed.is_empty()))
}

/// What came of a seed.
#[derive(Default, PartialEq, Eq)]
struct Ran {
    counts: Counts,
    wrong: Vec<String>,
    /// All that people wrote down.
    notes: String,
}

/// One run, which is the same for the same seed.
fn run(seed: u64, traced: bool) -> Ran {
    let before = PANICS.load(Ordering::Relaxed);
    // A panic is this seed's, and the others are still to be run.
    let ran = std::panic::catch_unwind(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .rng_seed(RngSeed::from_bytes(&seed.to_be_bytes()))
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, simulate(seed, traced))
    });
    let mut ran = ran.unwrap_or_default();
    let panics = PANICS.load(Ordering::Relaxed) - before;
    if panics > 0 {
        ran.wrong.push(format!("{panics} tasks panicked"));
    }
    ran
}

/// What a seed makes of a run, beside what happens in it.
struct Weather {
    /// Whether stores are away now and then.
    outages: bool,
    /// Whether nodes are killed and stopped.
    restarts: bool,
    habits: Habits,
}

async fn simulate(seed: u64, traced: bool) -> Ran {
    if traced {
        trace::show();
    }
    let mut random = Random::of(seed, 0);
    let rooms: Vec<RoomId> = (0..ROOMS).map(|_| room_id(&mut random)).collect();
    let world = World::new(seed, rooms.iter().map(|id| room(*id)).collect());
    let weather = Weather {
        outages: random.percent(50),
        restarts: random.percent(60),
        habits: Habits {
            deaf: random.percent(50),
            wander: random.percent(60),
        },
    };
    tokio::spawn(world.clone().broker());
    tokio::spawn(world.clone().recorder());
    let mut fleet = Fleet::new(seed, world.clone(), weather.habits.deaf);
    for place in 0..random.among(1..4) as usize {
        fleet.start(place).await;
    }
    let phase = watch::Sender::new(Phase::Live);
    let signer = Signer::new(&auth()).expect("a signer");
    // Functions are nobody's node.
    let api = OfNode::new(world.clone(), seed, 0);
    let mut people = vec![];
    for number in 0..random.among(3..8) {
        let uid = format!("u{number}");
        let claims = Claims {
            uid: uid.clone(),
            nickname: Some(uid.clone()),
            ..Claims::default()
        };
        let token = signer
            .sign(&claims, Duration::from_secs(3_600))
            .expect("a token");
        let uid = Uid::parse("uid", &uid).expect("a user's id");
        let around = Around {
            world: world.clone(),
            nodes: fleet.nodes.clone(),
            api: api.stores(),
            phase: phase.subscribe(),
        };
        let mut own = rooms.clone();
        own.rotate_left(random.place(ROOMS));
        let person = Person::new(
            (seed, number),
            around,
            (uid, token),
            (own, HOME),
            weather.habits,
        );
        people.push(spawn_local(person.live()));
    }
    rage(&mut random, &world, &mut fleet, &weather).await;
    phase.send_replace(Phase::Settle);
    sleep(SETTLE).await;
    // With the end they all go.
    let standings = rooms.iter().map(|room| (*room, world.standings(*room)));
    let standings = standings.collect();
    phase.send_replace(Phase::End);
    let mut notes = vec![];
    for person in people {
        match person.await {
            Ok(of_one) => notes.push(of_one),
            Err(why) => {
                return Ran {
                    wrong: vec![format!("somebody's client: {why}")],
                    ..Ran::default()
                };
            }
        }
    }
    let (counts, wrong) = judge(&world, &rooms, &standings, &notes);
    Ran {
        counts,
        wrong,
        notes: format!("{notes:?}"),
    }
}

/// What happens to the fleet, for as long as people live; at the end all is well.
async fn rage(random: &mut Random, world: &Arc<World>, fleet: &mut Fleet, weather: &Weather) {
    let until = Instant::now() + LIVE;
    while Instant::now() < until {
        sleep(Duration::from_millis(random.among(100..4_000))).await;
        if weather.outages && random.percent(60) {
            let mut away = world.away();
            let which = match random.among(0..5) {
                0 => &mut away.log,
                1 => &mut away.recorder,
                2 => &mut away.history,
                3 => &mut away.memberships,
                _ => &mut away.presence,
            };
            *which = !*which;
            trace(&"the fleet", format_args!("{away:?}"));
            world.set_away(|now| *now = away);
        }
        if weather.restarts && random.percent(35) {
            let place = random.place(fleet.running.len());
            fleet.end(place, random.percent(50)).await;
            sleep(Duration::from_millis(random.among(0..2_000))).await;
            // A node that comes tells the log of those that are gone, and does not start before it has.
            world.set_away(|away| (away.log, away.presence) = (false, false));
            fleet.start(place).await;
        }
    }
    world.set_away(|away| *away = world::Away::default());
}

/// The nodes.
struct Fleet {
    seed: u64,
    world: Arc<World>,
    nodes: Nodes,
    running: Vec<Option<Running>>,
    started: u64,
    /// Whether little may wait for a socket.
    small: bool,
}

struct Running {
    node: SocketNode,
    stores: Arc<OfNode>,
    tasks: JoinHandle<()>,
}

impl Fleet {
    fn new(seed: u64, world: Arc<World>, small: bool) -> Self {
        Self {
            seed,
            world,
            nodes: Rc::new(RefCell::new(vec![])),
            running: vec![],
            started: 0,
            small,
        }
    }

    /// Starts a node in a place.
    async fn start(&mut self, place: usize) {
        self.started += 1;
        let stores = OfNode::new(self.world.clone(), self.seed, self.started);
        let auth = Authenticator::new(&auth(), Outbound::new()).expect("keys");
        let local = LocalSet::new();
        let node = loop {
            let started =
                SocketNode::start_here(settings(self.small), stores.stores(), auth.clone());
            match local.run_until(started).await {
                Ok(node) => break node,
                Err(_) => sleep(Duration::from_millis(500)).await,
            }
        };
        if place == self.running.len() {
            self.running.push(None);
            self.nodes.borrow_mut().push(None);
        }
        trace(
            &"the fleet",
            format_args!("node {} begins at {place}", self.started),
        );
        self.nodes.borrow_mut()[place] = Some(node.clone());
        self.running[place] = Some(Running {
            node,
            stores,
            tasks: spawn_local(local),
        });
    }

    /// Stops a node, or kills it.
    async fn end(&mut self, place: usize, kill: bool) {
        let Some(running) = self.running[place].take() else {
            return;
        };
        trace(
            &"the fleet",
            format_args!(
                "the node at {place} {}",
                if kill { "is killed" } else { "stops" }
            ),
        );
        if !kill {
            running.node.stop_here().await;
        }
        self.nodes.borrow_mut()[place] = None;
        running.stores.lose();
        running.tasks.abort();
        // Its sockets end with it.
        let _ = running.tasks.await;
    }
}

/// Where nobody stops reading nothing waits for long.
fn settings(small: bool) -> SocketSettings {
    let settings = SocketSettings::read(&Env::default()).expect("defaults");
    SocketSettings {
        shards: 2,
        backlog_bytes_max: if small { 32_000 } else { 1 << 20 },
        sockets_per_user_max: 1_000,
        drain_ms: 3_000,
        send_rate: Rate {
            per_s: 1_000,
            burst: 1_000,
        },
        room_send_rate: Rate {
            per_s: 10_000,
            burst: 10_000,
        },
        ..settings
    }
}

fn auth() -> AuthSettings {
    AuthSettings {
        hs256_secret: Some(Secret::new(SECRET)),
        ..AuthSettings::default()
    }
}

fn room_id(random: &mut Random) -> RoomId {
    let (high, low) = (random.next(), random.next());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    RoomId::from_bytes(bytes)
}

fn room(id: RoomId) -> Room {
    // So long that a place in it has as many digits always, nearly: octets count where little may wait for a socket.
    let music = json!({ "id": "m0", "title": "t", "artist": "a", "playtime": "99:00:00", "thumbnail": "https://images.example/0.png" });
    let room = json!({
        "id": id,
        "owner": { "uid": "owner", "nickName": "owner" },
        "playlist": { "id": id, "name": "list", "musics": [music] },
        "createdAt": "2023-11-14T22:13:20.000Z",
        "live": true,
        "indexed": true,
    });
    serde_json::from_value(room).expect("a room")
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.shown += other.shown;
        self.heard += other.heard;
        self.subscriptions += other.subscriptions;
        self.resumed += other.resumed;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.gaps += other.gaps;
        self.connections += other.connections;
    }
}
