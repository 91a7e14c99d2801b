//! Rooms whose presence is watched: how everybody in them stands, by the log, and what of that is told.
//!
//! A room is loaded from the presence store while the log goes on; what the log says meanwhile waits and is
//! taken in on top. Where the store cannot be read nothing is known, and nobody is told anything until it can.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roomtone_shared::domain::event::{Event, Fact, NodeId};
use roomtone_shared::domain::judge::Judged;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::Result;
use roomtone_shared::rooms::view::PresenceWord;
use roomtone_shared::store::Stores;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::entry::Flip;

/// What the log may say of one room while that is loaded; beyond, it is loaded anew.
const MISSED_MAX: usize = 10_000;
/// Milliseconds before a presence store that could not be read is read again.
const RETRY_MS: u64 = 1_000;

/// How everybody in a room stands, and the offset before which all is summed up.
type Standings = (u64, Vec<(Uid, Standing)>);

/// A room whose presence is watched.
struct Watched {
    /// Which loading it is of: one that began before the room was let go of, and watched again, says too little.
    number: u64,
    subscriptions: usize,
    sum: Sum,
    /// Who waits for it to be loaded.
    waiting: Vec<oneshot::Sender<()>>,
}

enum Sum {
    /// It is being loaded; what the log said meanwhile.
    Loading(Vec<Judged>),
    Known(Room),
}

/// How everybody in a room stands.
struct Room {
    /// Offsets below this are in `standings` already.
    covered: u64,
    standings: HashMap<Uid, Standing>,
    /// How many of them are on.
    on_count: usize,
}

/// The watched rooms. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WatchedRooms(Arc<Mutex<Rooms>>);

/// The watched rooms, held by one.
pub(crate) struct Rooms {
    stores: Stores,
    runtime: Handle,
    rooms: HashMap<RoomId, Watched>,
    /// The number of the next room that is watched.
    next: u64,
}

/// A change of presence, as its subscribers get it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    room_id: RoomId,
    uid: &'a Uid,
    presence: PresenceWord,
    on_count: usize,
    at: Timestamp,
}

impl WatchedRooms {
    /// None yet. Stores are asked on this runtime.
    pub(crate) fn new(stores: Stores, runtime: Handle) -> Self {
        let rooms = HashMap::new();
        Self(Arc::new(Mutex::new(Rooms {
            stores,
            runtime,
            rooms,
            next: 0,
        })))
    }

    /// Holds them, for a moment.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody subscribed to a room's presence. What it gives back is told once no change is missed any more, or it is clear
    /// that none can be known for now.
    pub(crate) fn begin(&self, room: RoomId) -> oneshot::Receiver<()> {
        let (ready, watched) = oneshot::channel();
        let mut rooms = self.lock();
        let next = rooms.next;
        let of_room = rooms.rooms.entry(room).or_insert_with(|| Watched {
            number: next,
            subscriptions: 0,
            sum: Sum::Loading(vec![]),
            waiting: vec![],
        });
        of_room.subscriptions += 1;
        match of_room.sum {
            Sum::Loading(_) => of_room.waiting.push(ready),
            Sum::Known(_) => {
                // Whoever asked may be gone.
                let _ = ready.send(());
            }
        }
        if of_room.number == next {
            rooms.next += 1;
            self.load(&rooms, (room, next), Duration::ZERO);
        }
        watched
    }

    /// Somebody is not subscribed to it any more.
    pub(crate) fn end(&self, room: RoomId) {
        let mut rooms = self.lock();
        if let Some(watched) = rooms.rooms.get_mut(&room) {
            watched.subscriptions -= 1;
            if watched.subscriptions == 0 {
                rooms.rooms.remove(&room);
            }
        }
    }

    fn load(&self, rooms: &Rooms, (room, number): (RoomId, u64), after: Duration) {
        let (stores, all) = (rooms.stores.clone(), self.clone());
        rooms.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            let standings = stores.presence.room(room).await;
            all.loaded((room, number), standings);
        });
    }

    /// Takes in a room that was loaded, or could not be.
    fn loaded(&self, (room, number): (RoomId, u64), standings: Result<Standings>) {
        let mut rooms = self.lock();
        let watched = rooms.rooms.get_mut(&room);
        let Some(watched) = watched.filter(|watched| watched.number == number) else {
            return;
        };
        let Sum::Loading(missed) = &mut watched.sum else {
            return;
        };
        let too_many = missed.len() > MISSED_MAX;
        let waiting = std::mem::take(&mut watched.waiting);
        match standings {
            Ok(standings) if !too_many => {
                let mut sum = Room::new(standings);
                for judged in missed.drain(..) {
                    // These came while nobody could be told yet.
                    sum.take(room, &judged, &mut Place::of(&judged, 0));
                }
                watched.sum = Sum::Known(sum);
            }
            _ => {
                missed.clear();
                self.load(&rooms, (room, number), Duration::from_millis(RETRY_MS));
            }
        }
        for ready in waiting {
            // Whoever asked may be gone.
            let _ = ready.send(());
        }
    }
}

impl Rooms {
    /// The changes of presence that a record makes in watched rooms.
    pub(crate) fn flips(&mut self, judged: &Judged) -> Vec<Flip> {
        if self.rooms.is_empty() {
            return vec![];
        }
        let mut place = Place::of(judged, self.stores.log.epoch());
        match &judged.record.fact {
            Fact::In(room, _) => {
                if let Some(watched) = self.rooms.get_mut(room) {
                    watched.take(*room, judged, &mut place);
                }
            }
            Fact::NodeGone(_) => {
                let log = &self.stores.log;
                let of_part = |room: &RoomId| log.partition(*room) == judged.record.partition;
                for (room, watched) in self.rooms.iter_mut().filter(|(room, _)| of_part(room)) {
                    watched.take(*room, judged, &mut place);
                }
            }
            Fact::Kicked(_) | Fact::Unreadable(_) => {}
        }
        place.flips
    }
}

impl Watched {
    fn take(&mut self, room: RoomId, judged: &Judged, place: &mut Place) {
        match &mut self.sum {
            Sum::Known(sum) => sum.take(room, judged, place),
            Sum::Loading(missed) if missed.len() <= MISSED_MAX => missed.push(judged.clone()),
            Sum::Loading(_) => {}
        }
    }
}

/// Where in the log changes are found, and those found.
struct Place {
    epoch: u16,
    offset: u64,
    at: Timestamp,
    flips: Vec<Flip>,
}

impl Place {
    fn of(judged: &Judged, epoch: u16) -> Self {
        Self {
            epoch,
            offset: judged.record.offset,
            at: judged.record.at,
            flips: vec![],
        }
    }
}

impl Room {
    fn new((covered, standings): Standings) -> Self {
        let standings: HashMap<_, _> = standings.into_iter().collect();
        let on_count = standings.values().filter(|s| s.is_on()).count();
        Self {
            covered,
            standings,
            on_count,
        }
    }

    fn take(&mut self, room: RoomId, judged: &Judged, place: &mut Place) {
        if place.offset < self.covered {
            return;
        }
        match &judged.record.fact {
            Fact::In(_, Event::Member(event)) if judged.fresh => {
                self.change(room, &event.who.uid, place, |s| {
                    s.member(event, judged.notice())
                });
            }
            Fact::In(_, Event::Held { node, uid, held }) => {
                self.change(room, uid, place, |s| s.held(*node, *held));
            }
            Fact::In(..) => {}
            Fact::NodeGone(node) => self.node_gone(room, *node, place),
            Fact::Kicked(_) | Fact::Unreadable(_) => {}
        }
    }

    fn node_gone(&mut self, room: RoomId, node: NodeId, place: &mut Place) {
        let there: Vec<Uid> = self
            .standings
            .iter()
            .filter(|(_, s)| s.nodes.contains(&node))
            .map(|(u, _)| u.clone())
            .collect();
        for uid in there {
            self.change(room, &uid, place, |s| s.held(node, false));
        }
    }

    fn change(
        &mut self,
        room: RoomId,
        uid: &Uid,
        place: &mut Place,
        change: impl FnOnce(&mut Standing),
    ) {
        let standing = self.standings.entry(uid.clone()).or_default();
        let was_on = standing.is_on();
        change(standing);
        let is_on = standing.is_on();
        if was_on == is_on {
            return;
        }
        self.on_count = if is_on {
            self.on_count + 1
        } else {
            self.on_count - 1
        };
        let on_count = self.on_count;
        let change = Change {
            room_id: room,
            uid,
            presence: is_on.into(),
            on_count,
            at: place.at,
        };
        let index = u8::try_from(place.flips.len()).unwrap_or(u8::MAX);
        let id = MessageId {
            epoch: place.epoch,
            offset: place.offset,
            index,
        };
        let body = serde_json::to_vec(&change).unwrap_or_default().into();
        place.flips.push(Flip { room, id, body });
    }
}
