//! The node's reader: log → verdicts → presence → ring. It knows no session.

use std::collections::HashMap;
use std::sync::Arc;

use roomtone_shared::domain::event::{Event, Fact, NodeId};
use roomtone_shared::domain::judge::{Judge, Judged};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::Result;
use roomtone_shared::limits;
use roomtone_shared::rooms::view::PresenceWord;
use roomtone_shared::store::Stores;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::entry::{Entry, Flip};
use crate::ring::Ring;

/// Records taken at once.
const BATCH_MAX: usize = 1_024;
/// Milliseconds before a log that fails is read again.
const RETRY_MS: u64 = 200;

/// What shards ask of the reader.
pub(crate) enum Watch {
    /// Somebody subscribed to a room's presence; answered once no change is missed any more.
    Begin(RoomId, oneshot::Sender<()>),
    /// Nobody on that shard is subscribed to it any more.
    End(RoomId),
}

/// A room whose presence is watched.
struct Watched {
    shards: usize,
    /// Offsets below this are in `standings` already.
    covered: u64,
    standings: HashMap<Uid, Standing>,
    /// How many of them are on.
    on_count: usize,
}

/// The reader.
pub(crate) struct Reader {
    stores: Stores,
    judge: Judge,
    next: u64,
    watched: HashMap<RoomId, Watched>,
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

impl Reader {
    /// Goes through the last ten minutes of the log, so as to judge like one that never stopped.
    pub(crate) async fn open(stores: Stores) -> Result<Self> {
        let end = *stores.log.follow().borrow();
        let from = Timestamp::now().minus_ms(limits::PRE_ROLL_MS);
        let mut next = stores.log.first_since(from).await?.min(end);
        let mut judge = Judge::new(stores.log.epoch());
        while next < end {
            let records = stores.log.read(next, BATCH_MAX).await?;
            let Some(last) = records.last() else { break };
            next = last.offset + 1;
            for record in records {
                judge.judge(record);
            }
        }
        Ok(Self {
            stores,
            judge,
            next: next.max(end),
            watched: HashMap::new(),
        })
    }

    /// Where it goes on.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Reads on until everybody who could ask something of it is gone.
    pub(crate) async fn run(mut self, ring: Arc<Ring>, mut watches: mpsc::Receiver<Watch>) {
        let mut end = self.stores.log.follow();
        loop {
            tokio::select! {
                biased;
                watch = watches.recv() => match watch {
                    Some(watch) => self.watch(watch).await,
                    None => return,
                },
                more = more(&mut end, self.next) => {
                    if !more {
                        return;
                    }
                    self.take_batch(&ring).await;
                }
            }
        }
    }

    async fn take_batch(&mut self, ring: &Ring) {
        let Ok(records) = self.stores.log.read(self.next, BATCH_MAX).await else {
            tokio::time::sleep(std::time::Duration::from_millis(RETRY_MS)).await;
            return;
        };
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            self.next = record.offset + 1;
            let judged = self.judge.judge(record);
            let flips = self.flips(&judged);
            entries.push(Entry::new(judged, flips));
        }
        ring.push(entries).await;
    }

    async fn watch(&mut self, watch: Watch) {
        match watch {
            Watch::Begin(room, ready) => {
                if let Some(watched) = self.watched.get_mut(&room) {
                    watched.shards += 1;
                } else if let Ok((covered, standings)) = self.stores.presence.room(room).await {
                    let standings: HashMap<_, _> = standings.into_iter().collect();
                    let on_count = standings.values().filter(|s| s.is_on()).count();
                    self.watched.insert(
                        room,
                        Watched {
                            shards: 1,
                            covered,
                            standings,
                            on_count,
                        },
                    );
                } else {
                    // Dropping the answer tells that presence cannot be watched.
                    return;
                }
                let _ = ready.send(());
            }
            Watch::End(room) => {
                if let Some(watched) = self.watched.get_mut(&room) {
                    watched.shards -= 1;
                    if watched.shards == 0 {
                        self.watched.remove(&room);
                    }
                }
            }
        }
    }

    fn flips(&mut self, judged: &Judged) -> Vec<Flip> {
        if self.watched.is_empty() {
            return vec![];
        }
        let (offset, at) = (judged.record.offset, judged.record.at);
        let epoch = self.stores.log.epoch();
        let mut place = Place {
            epoch,
            offset,
            at,
            flips: vec![],
        };
        match &judged.record.fact {
            Fact::In(room, event) => {
                if let Some(watched) = self.watched.get_mut(room).filter(|w| w.covered <= offset) {
                    watched.event(*room, event, judged, &mut place);
                }
            }
            Fact::NodeGone(node) => {
                for (room, watched) in self.watched.iter_mut().filter(|(_, w)| w.covered <= offset)
                {
                    watched.node_gone(*room, *node, &mut place);
                }
            }
        }
        place.flips
    }
}

/// Waits until the log has a record at `next`; false where it has ended for good.
async fn more(end: &mut watch::Receiver<u64>, next: u64) -> bool {
    end.wait_for(|end| *end > next).await.is_ok()
}

/// Where in the log changes are found, and those found.
struct Place {
    epoch: u16,
    offset: u64,
    at: Timestamp,
    flips: Vec<Flip>,
}

impl Watched {
    fn event(&mut self, room: RoomId, event: &Event, judged: &Judged, place: &mut Place) {
        match event {
            Event::Member(event) if judged.fresh => {
                self.change(room, &event.who.uid, place, |s| {
                    s.member(event, judged.notice())
                });
            }
            Event::Held { node, uid, held } => {
                self.change(room, uid, place, |s| s.held(*node, *held));
            }
            Event::Member(_) | Event::Said(_) | Event::Left(_) => {}
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
