//! The node's reader: judged log → presence → ring. It knows no session.

use std::sync::Arc;

use futures_util::StreamExt;
use roomtone_shared::domain::event::{Fact, NodeId};
use roomtone_shared::domain::judge::Judged;
use roomtone_shared::error::Result;
use roomtone_shared::store::{Followed, Stores};
use tokio::sync::mpsc;

use crate::entry::Entry;
use crate::holds::Holds;
use crate::ring::Ring;
use crate::watched::{Watch, WatchedRooms};

/// The reader.
pub(crate) struct Reader {
    stores: Stores,
    log: Followed,
    /// The ring's next place.
    place: u64,
}

impl Reader {
    /// Follows the log from its end.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn open(stores: Stores) -> Result<Self> {
        Ok(Self {
            log: stores.log.follow().await?,
            place: 0,
            stores,
        })
    }

    /// Where it begins in each part of the log.
    pub(crate) fn from(&self) -> Vec<u64> {
        self.log.from.clone()
    }

    /// Reads on until the log can be read no more.
    pub(crate) async fn run(
        mut self,
        ring: Arc<Ring>,
        mut watches: mpsc::Receiver<Watch>,
        (own, holds): (NodeId, Holds),
    ) {
        let (mut watched, mut loaded) = WatchedRooms::new(self.stores.clone());
        loop {
            tokio::select! {
                biased;
                watch = watches.recv() => match watch {
                    Some(watch) => watched.watch(watch),
                    None => return,
                },
                Some(room) = loaded.recv() => watched.loaded(room),
                batch = self.log.judged.next() => {
                    let Some(batch) = batch else { return };
                    let read_at = batch.read_at;
                    let entry = |judged: Arc<Judged>| {
                        if judged.record.fact == Fact::NodeGone(own) {
                            // The others took it for gone, and it is not.
                            holds.tell_again(Some(judged.record.partition));
                        }
                        let flips = watched.flips(&judged);
                        self.stores.log.judged(&judged);
                        self.place += 1;
                        Entry::new(self.place - 1, (judged, read_at), flips)
                    };
                    ring.push(batch.into_iter().map(entry).collect()).await;
                }
            }
        }
    }
}
