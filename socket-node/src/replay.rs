//! The log itself, read again: what history does not have yet, and the ring has no more.
//!
//! When a recorder is far behind, many resume at once; so all that wait for the same part of the log are served by one
//! reading of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use roomtone_shared::domain::event::Partition;
use roomtone_shared::domain::judge::Judge;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::store::Stores;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::entry::Post;

/// Records that one reading goes through, with those before that are needed to judge.
const RECORDS_MAX: u64 = 1 << 20;
/// Messages that one reading gives at most.
const POSTS_MAX: usize = 65_536;
/// Resumes that wait for the next reading; further ones wait for their turn to do so.
const WAITING_MAX: usize = 1_024;
/// How long records that are there may take to be read.
const READ: Duration = Duration::from_secs(10);

/// Part of a room's messages, and the id up to which it is whole.
pub(crate) struct Part {
    pub(crate) posts: Vec<Arc<Post>>,
    pub(crate) upto: Option<MessageId>,
}

/// Who asks for the log to be read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Replays(mpsc::Sender<Wanted>);

/// What somebody resumes from: a room's messages after one, from records below `end`.
struct Wanted {
    room: RoomId,
    after: MessageId,
    end: u64,
    answer: oneshot::Sender<Result<Part>>,
}

impl Replays {
    /// Begins to serve whoever asks, on the runtime this is called on.
    pub(crate) fn start(stores: Stores) -> Self {
        let (asking, mut asked) = mpsc::channel::<Wanted>(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(first) = asked.recv().await {
                let mut parts: BTreeMap<Partition, Vec<Wanted>> = BTreeMap::new();
                let others = std::iter::from_fn(|| asked.try_recv().ok());
                for wanted in std::iter::once(first).chain(others) {
                    let partition = stores.log.partition(wanted.room);
                    parts.entry(partition).or_default().push(wanted);
                }
                for (partition, wanted) in parts {
                    serve(&stores, partition, wanted).await;
                }
            }
        });
        Self(asking)
    }

    /// The room's next messages after `after`, which is an id of this epoch, from records below `end`.
    ///
    /// # Errors
    /// `Unavailable`, and where the log does not reach back that far, or too much of it would have to be read.
    pub(crate) async fn read(&self, room: RoomId, after: MessageId, end: u64) -> Result<Part> {
        let (answer, part) = oneshot::channel();
        let wanted = Wanted {
            room,
            after,
            end,
            answer,
        };
        let unavailable = || Error::Unavailable("the log");
        self.0.send(wanted).await.map_err(|_| unavailable())?;
        part.await.unwrap_or_else(|_| Err(unavailable()))
    }
}

async fn serve(stores: &Stores, partition: Partition, mut wanted: Vec<Wanted>) {
    // Whoever gave up meanwhile needs no reading.
    wanted.retain(|wanted| !wanted.answer.is_closed());
    let from = wanted.iter().map(|wanted| wanted.after.offset).min();
    let end = wanted.iter().map(|wanted| wanted.end).max();
    let (Some(from), Some(end)) = (from, end) else {
        return;
    };
    let rooms = wanted.iter().map(|wanted| (wanted.room, vec![])).collect();
    let read = read(stores, partition, (from, end), rooms).await;
    for wanted in wanted {
        let part = match &read {
            Ok((rooms, next)) => Ok(wanted.part(rooms, *next)),
            Err(why) => Err(why.clone()),
        };
        // Nobody waits for it any more.
        let _ = wanted.answer.send(part);
    }
}

impl Wanted {
    fn part(&self, rooms: &Rooms, next: u64) -> Part {
        let end = self.end.min(next);
        let own = |post: &&Arc<Post>| post.id > self.after && post.id.offset < end;
        let posts = rooms.get(&self.room).into_iter().flatten();
        let last = end.checked_sub(1);
        Part {
            posts: posts.filter(own).cloned().collect(),
            upto: last.map(|last| MessageId::last_of(self.after.epoch, last)),
        }
    }
}

type Rooms = HashMap<RoomId, Vec<Arc<Post>>>;

/// The messages of these rooms from `from` on and below `end`, and the offset below which they are whole.
async fn read(
    stores: &Stores,
    partition: Partition,
    (from, end): (u64, u64),
    mut rooms: Rooms,
) -> Result<(Rooms, u64)> {
    let begin = stores.log.pre_roll(&[(partition, from)]).await?;
    let begin = begin.first().copied().unwrap_or(from);
    if end.saturating_sub(begin) > RECORDS_MAX {
        return Err(Error::Unavailable("the log"));
    }
    let mut records = stores.log.open(&[(partition, begin)]).await?;
    let (mut judge, mut next, mut posts) = (Judge::new(stores.log.epoch()), begin, 0);
    while next < end && posts < POSTS_MAX {
        let batch = timeout(READ, records.next()).await.ok().flatten();
        for record in batch.ok_or(Error::Unavailable("the log"))? {
            // The first is not where it was asked for: what was there is no longer kept.
            if next == begin && record.offset > begin {
                return Err(Error::Unavailable("the log"));
            }
            next = record.offset + 1;
            let judged = judge.judge(record);
            let room = judged.record.fact.room();
            if let Some(of_room) = room
                .and_then(|room| rooms.get_mut(&room))
                .filter(|_| next > from)
            {
                let shown = judged.shown.iter();
                of_room.extend(shown.map(|s| Arc::new(Post::new(&s.message, s.headers.clone()))));
                posts += judged.shown.len();
            }
        }
    }
    Ok((rooms, next))
}

#[cfg(test)]
mod tests {
    use roomtone_shared::domain::event::{Event, Headers, Line, Playing, Said};
    use roomtone_shared::domain::judge::Verdict;
    use roomtone_shared::domain::time::Timestamp;
    use roomtone_shared::domain::user::{Profile, Uid};
    use roomtone_shared::store::embedded;

    use super::*;

    /// A record that says these things, each with an id of the sender's.
    fn said(contents: &[&str]) -> Event {
        let line = |content: &&str| Line {
            content: (*content).into(),
            client_message_id: Some((*content).into()),
            at: Timestamp::now(),
            playing: Playing {
                music_id: "m".into(),
                position_ms: 0,
            },
            headers: Headers::default(),
        };
        Event::Said(Said {
            sender: Profile {
                uid: Uid::parse("uid", "u").unwrap(),
                nick_name: "u".into(),
                profile_image: None,
            },
            as_of: 0,
            lines: contents.iter().map(line).collect(),
            origin: None,
            trace: None,
        })
    }

    #[tokio::test]
    async fn what_follows_is_given_as_it_was_judged_when_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let stores = embedded::open(folder.path()).unwrap();
        let (room, other) = (RoomId::new(), RoomId::new());
        let mut ids = vec![];
        for contents in [&["a"][..], &["b", "c"], &["a"], &["d"]] {
            let appended = stores.log.append(room, said(contents)).await.unwrap();
            stores.log.append(other, said(&["x"])).await.unwrap();
            // A repeat is not shown.
            let shown = appended
                .verdicts
                .iter()
                .filter_map(|verdict| match verdict {
                    Verdict::Shown(id) => Some(*id),
                    _ => None,
                });
            ids.extend(shown);
        }
        assert_eq!(ids.len(), 4);
        let replays = Replays::start(stores.clone());
        let end = stores.log.end(room).await.unwrap();
        for (place, after) in ids.iter().enumerate() {
            let part = replays.read(room, *after, end).await.unwrap();
            let found: Vec<MessageId> = part.posts.iter().map(|post| post.id).collect();
            assert_eq!(found, ids[place + 1..]);
            assert_eq!(part.upto, Some(MessageId::last_of(after.epoch, end - 1)));
        }
        let part = replays.read(room, ids[0], ids[3].offset).await.unwrap();
        let found: Vec<MessageId> = part.posts.iter().map(|post| post.id).collect();
        assert_eq!(found, ids[1..3]);
    }
}
