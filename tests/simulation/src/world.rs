//! What all nodes share: the log with its broker, what is recorded of it, memberships, and what is away just now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use roomtone_shared::domain::event::{Event, Fact, MemberChange, NodeId, Partition, Record};
use roomtone_shared::domain::judge::{Judge, Judged};
use roomtone_shared::domain::membership::{Membership, UserRooms};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{Appended, Archived};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep};

use crate::random::Random;
use crate::trace::trace;

/// Parts of the log.
pub const PARTITIONS: u16 = 2;
/// The log's epoch; an id of the one before is of a log that is no more.
pub const EPOCH: u16 = 1;
/// The log's time when a run begins, in milliseconds since 1970.
const BEGIN_MS: u64 = 1_700_000_000_000;

/// How long behind an outage somebody may still be waiting because of it: a resume waits ten seconds for history.
pub const TROUBLED_FOR: Duration = Duration::from_secs(15);

/// What does not work just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Away {
    /// The log takes nothing, says nothing of where it ends, and says so.
    pub log: bool,
    /// The recorder stands still.
    pub recorder: bool,
    pub history: bool,
    pub memberships: bool,
    pub presence: bool,
}

/// An append that has not got its place yet.
struct Asked {
    fact: Fact,
    told: oneshot::Sender<Result<Appended>>,
}

struct State {
    random: Random,
    asked: Vec<VecDeque<Asked>>,
    records: Vec<Vec<Arc<Record>>>,
    judge: Judge,
    /// Of each part, how much is recorded.
    recorded: Vec<u64>,
    /// Membership changes that were news, in their order.
    changes: BTreeMap<(RoomId, Uid), Vec<(u64, bool)>>,
    shown: BTreeMap<RoomId, Vec<Archived>>,
    memberships: BTreeMap<(RoomId, Uid), Membership>,
    users: BTreeMap<Uid, UserRooms>,
    rooms: BTreeMap<RoomId, Room>,
    away: Away,
    /// When something was away last, and when something that messages come from.
    last_away: Option<Instant>,
    last_mute: Option<Instant>,
    lost: Vec<NodeId>,
}

impl State {
    fn note_away(&mut self) {
        let (now, away) = (Some(Instant::now()), self.away);
        if away != Away::default() {
            self.last_away = now;
        }
        if away.log || away.recorder || away.history {
            self.last_mute = now;
        }
    }
}

fn is_recent(at: Instant) -> bool {
    at.elapsed() < TROUBLED_FOR
}

/// The world.
pub struct World {
    state: Mutex<State>,
    begun: Instant,
    asked: Notify,
    /// How many records there are.
    length: watch::Sender<u64>,
}

impl World {
    /// A world with these rooms, in which nothing has happened yet.
    pub fn new(seed: u64, rooms: Vec<Room>) -> Arc<Self> {
        let parts = usize::from(PARTITIONS);
        Arc::new(Self {
            state: Mutex::new(State {
                random: Random::of(seed, 1),
                asked: (0..parts).map(|_| VecDeque::new()).collect(),
                records: vec![vec![]; parts],
                judge: Judge::new(EPOCH),
                recorded: vec![0; parts],
                changes: BTreeMap::new(),
                shown: rooms.iter().map(|room| (room.id, vec![])).collect(),
                memberships: BTreeMap::new(),
                users: BTreeMap::new(),
                rooms: rooms.into_iter().map(|room| (room.id, room)).collect(),
                away: Away::default(),
                last_away: None,
                last_mute: None,
                lost: vec![],
            }),
            begun: Instant::now(),
            asked: Notify::new(),
            length: watch::Sender::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// The log's time.
    fn now(&self) -> Timestamp {
        let passed = self.begun.elapsed().as_millis();
        Timestamp::from_ms(BEGIN_MS + passed as u64)
    }

    /// Decides by the seed.
    pub fn decide<T>(&self, decide: impl FnOnce(&mut Random) -> T) -> T {
        decide(&mut self.state().random)
    }

    /// Waits for up to so many milliseconds.
    pub async fn pause(&self, most: u64) {
        let ms = self.decide(|random| random.among(0..most + 1));
        sleep(Duration::from_millis(ms)).await;
    }

    pub fn away(&self) -> Away {
        self.state().away
    }

    pub fn set_away(&self, change: impl FnOnce(&mut Away)) {
        let state = &mut *self.state();
        state.note_away();
        change(&mut state.away);
    }

    /// Whether something is away, or was so shortly before that somebody may still have to do with it.
    pub fn is_troubled(&self) -> bool {
        let mut state = self.state();
        state.note_away();
        state.last_away.is_some_and(is_recent)
    }

    /// The same of what messages come from.
    pub fn is_mute(&self) -> bool {
        let mut state = self.state();
        state.note_away();
        state.last_mute.is_some_and(is_recent)
    }

    /// Puts an append behind those that wait.
    pub fn ask(&self, partition: Partition, fact: Fact) -> oneshot::Receiver<Result<Appended>> {
        let (told, receiver) = oneshot::channel();
        self.state().asked[partition.index()].push_back(Asked { fact, told });
        self.asked.notify_one();
        receiver
    }

    /// The broker: gives appends their places, some at a time, or refuses them.
    pub async fn broker(self: Arc<Self>) {
        loop {
            let waiting = |state: &State| state.asked.iter().any(|of_part| !of_part.is_empty());
            if !waiting(&self.state()) {
                self.asked.notified().await;
                continue;
            }
            let slow = self.decide(|random| random.percent(3));
            self.pause(if slow { 900 } else { 15 }).await;
            self.append_some();
        }
    }

    fn append_some(self: &Arc<Self>) {
        let now = self.now();
        let state = &mut *self.state();
        let part = state.random.place(usize::from(PARTITIONS));
        let there = state.asked[part].len();
        let take = state.random.among(1..there as u64 + 2) as usize;
        for asked in state.asked[part].drain(..take.min(there)) {
            if state.away.log {
                // Whoever asked may be gone.
                let _ = asked.told.send(Err(Error::Unavailable("the log")));
                continue;
            }
            let record = Arc::new(Record {
                partition: Partition(part as u16),
                offset: state.records[part].len() as u64,
                at: now,
                append: None,
                fact: asked.fact,
            });
            state.records[part].push(record.clone());
            trace(
                &"the log",
                format_args!("{part}/{} {:?}", record.offset, record.fact),
            );
            let judged = state.judge.judge(record);
            let appended = Appended {
                offset: judged.record.offset,
                at: now,
                verdicts: judged.verdicts.clone(),
                notice: judged.notice(),
            };
            note(&mut state.shown, &mut state.changes, &judged);
            // Sometimes nodes read it before whoever appended it is told.
            let late = state.random.percent(30).then(|| state.random.among(1..80));
            let told = asked.told;
            tokio::spawn(async move {
                if let Some(late) = late {
                    sleep(Duration::from_millis(late)).await;
                }
                let _ = told.send(Ok(appended));
            });
        }
        let length = state
            .records
            .iter()
            .map(|records| records.len() as u64)
            .sum();
        self.length.send_replace(length);
    }

    /// The recorder: comes behind the log, a little or for long.
    pub async fn recorder(self: Arc<Self>) {
        let mut length = self.length.subscribe();
        loop {
            let through = |state: &State| state.recorded.iter().sum::<u64>();
            let behind = through(&self.state());
            if length.wait_for(|length| *length > behind).await.is_err() {
                return;
            }
            self.pause(120).await;
            let state = &mut *self.state();
            if state.away.recorder {
                continue;
            }
            let part = state.random.place(usize::from(PARTITIONS));
            let there = state.records[part].len() as u64;
            let gap = there - state.recorded[part];
            state.recorded[part] += state.random.among(0..gap + 1).max(gap.min(1));
        }
    }

    /// How many records there are, followed.
    pub fn length(&self) -> watch::Receiver<u64> {
        self.length.subscribe()
    }

    /// Where the parts of the log end.
    pub fn ends(&self) -> Vec<u64> {
        self.state()
            .records
            .iter()
            .map(|records| records.len() as u64)
            .collect()
    }

    /// Records of a part from an offset on.
    pub fn records(&self, partition: Partition, from: u64) -> Vec<Arc<Record>> {
        let state = self.state();
        let records = &state.records[partition.index()];
        records.get(from as usize..).unwrap_or_default().to_vec()
    }

    /// The offset below which a part is recorded.
    pub fn recorded(&self, partition: Partition) -> u64 {
        self.state().recorded[partition.index()]
    }

    /// Messages of a room, and those of them that are recorded.
    pub fn shown(&self, room: RoomId) -> Vec<Archived> {
        self.state().shown.get(&room).cloned().unwrap_or_default()
    }

    pub fn archived(&self, room: RoomId) -> Vec<Archived> {
        let recorded = self.recorded(room.partition(PARTITIONS));
        let mut shown = self.shown(room);
        shown.retain(|archived| archived.message.id.offset < recorded);
        shown
    }

    /// When somebody came and went, by the log: the offset, and whether they were a member from there on.
    pub fn changes(&self, room: RoomId, uid: &Uid) -> Vec<(u64, bool)> {
        let state = self.state();
        state
            .changes
            .get(&(room, uid.clone()))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether somebody went before this was said, and has not come back since, neither by the log nor by the membership store.
    pub fn has_gone_before(&self, room: RoomId, uid: &Uid, id: MessageId) -> bool {
        let last = self.changes(room, uid).pop();
        last.is_some_and(|(at, member)| !member && at < id.offset) && !self.is_member(room, uid)
    }

    /// Where the log last has that somebody left a room over HTTP.
    pub fn left_at(&self, room: RoomId, uid: &Uid) -> Option<u64> {
        let records = self.records(room.partition(PARTITIONS), 0);
        let is_theirs = |fact: &Fact| matches!(fact, Fact::In(of, Event::Left(who)) if *of == room && who == uid);
        let last = records.iter().rev().find(|record| is_theirs(&record.fact));
        last.map(|record| record.offset)
    }

    /// How those who ever were in a room stand, by all of the log.
    pub fn standings(&self, room: RoomId) -> BTreeMap<Uid, Standing> {
        let mut standings: BTreeMap<Uid, Standing> = BTreeMap::new();
        for record in self.records(room.partition(PARTITIONS), 0) {
            match &record.fact {
                Fact::In(of, Event::Member(event)) if *of == room => {
                    let notice = MessageId {
                        epoch: EPOCH,
                        offset: record.offset,
                        index: 0,
                    };
                    let standing = standings.entry(event.who.uid.clone()).or_default();
                    standing.member(event, Some(notice));
                }
                Fact::In(of, Event::Held { node, uid, held }) if *of == room => {
                    standings.entry(uid.clone()).or_default().held(*node, *held);
                }
                Fact::NodeGone(node) => {
                    standings
                        .values_mut()
                        .for_each(|standing| standing.held(*node, false));
                }
                Fact::In(..) | Fact::Kicked(_) | Fact::Unreadable(_) => {}
            }
        }
        standings
    }

    pub fn room(&self, id: RoomId) -> Option<Room> {
        self.state().rooms.get(&id).cloned()
    }

    /// Memberships and users' rooms, for who changes them.
    pub fn memberships<T>(
        &self,
        change: impl FnOnce(
            &mut BTreeMap<(RoomId, Uid), Membership>,
            &mut BTreeMap<Uid, UserRooms>,
        ) -> T,
    ) -> T {
        let state = &mut *self.state();
        change(&mut state.memberships, &mut state.users)
    }

    /// Whether somebody is a member of a room, by the membership store.
    pub fn is_member(&self, room: RoomId, uid: &Uid) -> bool {
        let state = self.state();
        let membership = state.memberships.get(&(room, uid.clone()));
        membership.is_some_and(|membership| membership.joined)
    }

    /// A node is gone and nobody has said so.
    pub fn lose(&self, node: NodeId) {
        self.state().lost.push(node);
    }

    pub fn lost(&self) -> Vec<NodeId> {
        self.state().lost.clone()
    }

    pub fn forget(&self, node: NodeId) {
        self.state().lost.retain(|lost| *lost != node);
    }
}

fn note(
    shown: &mut BTreeMap<RoomId, Vec<Archived>>,
    changes: &mut BTreeMap<(RoomId, Uid), Vec<(u64, bool)>>,
    judged: &Judged,
) {
    let Some(room) = judged.record.fact.room() else {
        return;
    };
    if let Fact::In(_, Event::Member(event)) = &judged.record.fact
        && judged.fresh
    {
        let member = match event.change {
            MemberChange::Joined { .. } => Some(true),
            MemberChange::Exited { .. } => Some(false),
            MemberChange::Switched { .. } => None,
        };
        if let Some(member) = member {
            let of_user = changes.entry((room, event.who.uid.clone())).or_default();
            of_user.push((judged.record.offset, member));
        }
    }
    let archived = judged.shown.iter().map(|shown| Archived {
        message: shown.message.clone(),
        headers: shown.headers.clone(),
    });
    shown.entry(room).or_default().extend(archived);
}
