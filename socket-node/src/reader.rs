//! The node's reader: judged log → presence → ring. It knows no session.
//!
//! It has no thread: the log's own calls it, so that a message wakes nobody but the shards.

use std::sync::Arc;

use roomtone_shared::domain::event::{Fact, NodeId};
use roomtone_shared::domain::judge::Judged;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::{Batch, Following, Sink, Stores};
use tokio::sync::{oneshot, watch};

use crate::counts::Figures;
use crate::entry::Entry;
use crate::holds::Holds;
use crate::ring::Ring;
use crate::watched::WatchedRooms;

/// What the log's records come to in this node.
struct Reader {
    stores: Stores,
    own: NodeId,
    holds: Holds,
    watched: WatchedRooms,
    ring: Arc<Ring>,
    figures: Arc<Figures>,
    /// The ring's next place.
    place: u64,
    _ended: Ended,
}

/// Sees that a node whose reader is gone is not taken for whole.
struct Ended(watch::Sender<bool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// Reads the log from its end on into a ring for so many shards, until what this gives is dropped. `cut_off` is told when it
/// ends, and `figures` what there was. Gives where each part of the log begins as well.
///
/// # Errors
/// `Unavailable`.
pub(crate) async fn start(
    (own, stores): (NodeId, Stores),
    (holds, watched): (Holds, WatchedRooms),
    shards: u16,
    cut_off: watch::Sender<bool>,
    figures: Arc<Figures>,
) -> Result<(Following, Arc<Ring>, Vec<u64>)> {
    let (told, begun) = oneshot::channel();
    let log = stores.log.clone();
    let begin = move |from: Vec<u64>| -> Sink {
        let ring = Arc::new(Ring::new(from.clone(), shards));
        // Whoever wanted to read may be gone.
        let _ = told.send((ring.clone(), from));
        let mut reader = Reader {
            stores,
            own,
            holds,
            watched,
            ring,
            figures,
            place: 0,
            _ended: Ended(cut_off),
        };
        Box::new(move |batch| reader.take(batch))
    };
    let following = log.follow(Box::new(begin)).await?;
    let (ring, from) = begun.await.map_err(|_| Error::Unavailable("the log"))?;
    Ok((following, ring, from))
}

impl Reader {
    fn take(&mut self, batch: Batch<Judged>) {
        let read_at = batch.read_at;
        let mut watched = self.watched.lock();
        let mut entries = Vec::with_capacity(batch.records.len());
        if let Some(newest) = batch.records.last() {
            let lag_ms = Timestamp::now().ms().saturating_sub(newest.record.at.ms());
            self.figures.log_lag_ms.set(lag_ms);
        }
        for judged in batch {
            match &judged.record.fact {
                // The others took it for gone, and it is not.
                Fact::NodeGone(node) if *node == self.own => {
                    self.holds.tell_again(Some(judged.record.partition));
                }
                Fact::Unreadable(_) => {
                    self.figures.unreadable.add(1);
                }
                Fact::In(..) | Fact::NodeGone(_) | Fact::Kicked(_) => {}
            }
            let flips = watched.flips(&judged);
            self.stores.log.judged(&judged);
            entries.push(Entry::new(self.place, (judged, read_at), flips));
            self.place += 1;
        }
        drop(watched);
        self.ring.push(entries);
    }
}
