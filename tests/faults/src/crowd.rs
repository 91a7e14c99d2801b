//! People in rooms on a fleet, who talk while faults are provoked, and the judgement of what they wrote down.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use roomtone_tests::archive::Messages;
use roomtone_tests::deadline::within_time;
use roomtone_tests::folder::Folder;
use roomtone_tests::room::{member, new_room};
use roomtone_tests::server::Server;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::judge::{Verdict, judge};
use crate::notes::Notes;
use crate::person::{Orders, Person, Progress, Talk};
use crate::scale::Scale;

/// People who become members at once.
const TOGETHER: usize = 16;

/// How many people there are, and how they talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) groups: usize,
    /// Rooms of each group, in all of which everybody of it is: a user may be in four.
    pub(crate) rooms: usize,
    /// Who talks in each group.
    pub(crate) talkers: usize,
    /// Who only listens in each group.
    pub(crate) listeners: usize,
    pub(crate) talk: Talk,
}

impl Size {
    /// A few people, who talk at a pace that leaves room for whatever else is tried.
    pub(crate) fn calm(scale: Scale) -> Self {
        let talk = Talk {
            window: 8,
            pace: Duration::from_millis(20),
            subscribe_after: 0,
        };
        Self {
            groups: scale.of(2, 4),
            rooms: 4,
            talkers: 2,
            listeners: 1,
            talk,
        }
    }

    /// As many, who talk as fast as the fleet takes it where it is for the full size.
    pub(crate) fn of(scale: Scale) -> Self {
        let calm = Self::calm(scale);
        let talk = Talk {
            window: scale.of(calm.talk.window, 32),
            pace: scale.of(calm.talk.pace, Duration::from_millis(3)),
            ..calm.talk
        };
        Self { talk, ..calm }
    }
}

/// People who talk.
pub(crate) struct Crowd {
    people: Vec<JoinHandle<()>>,
    orders: watch::Sender<Orders>,
    progress: Progress,
    notes: Folder,
    /// Of the first group.
    rooms: Vec<String>,
}

impl Crowd {
    /// Makes rooms and members, and lets them begin.
    pub(crate) async fn gather(server: &Server, size: Size) -> Self {
        let (orders, progress) = (watch::Sender::new(Orders::Talk), Progress::default());
        let (notes, begun) = (Folder::new(), Instant::now());
        let (mut people, mut first) = (vec![], vec![]);
        for _ in 0..size.groups {
            let mut rooms = vec![];
            for _ in 0..size.rooms {
                rooms.push(new_room(server).await);
            }
            if first.is_empty() {
                first.clone_from(&rooms);
            }
            let members = stream::iter(0..size.talkers + size.listeners)
                .map(async |place| (place, member(server, &rooms).await))
                .buffered(TOGETHER);
            let mut members = std::pin::pin!(members);
            while let Some((place, user)) = members.next().await {
                let window = if place < size.talkers {
                    size.talk.window
                } else {
                    0
                };
                let talk = Talk {
                    window,
                    ..size.talk
                };
                let own = Notes::begin(notes.path(), &user.uid, begun);
                let (rooms, orders) = (rooms.clone(), orders.subscribe());
                let person = Person::new(
                    user,
                    rooms,
                    talk,
                    size.talkers,
                    own,
                    orders,
                    progress.clone(),
                );
                people.push(tokio::spawn(person.live()));
            }
        }
        Self {
            people,
            orders,
            progress,
            notes,
            rooms: first,
        }
    }

    /// The rooms of the first group.
    pub(crate) fn rooms(&self) -> &[String] {
        &self.rooms
    }

    /// Messages acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        *self.progress.acknowledged.borrow()
    }

    /// Connections made again so far.
    pub(crate) fn came_back(&self) -> usize {
        *self.progress.came_back.borrow()
    }

    /// Waits until so many more messages are acknowledged; says how long that took.
    ///
    /// # Panics
    /// Where they are not, in that time.
    pub(crate) async fn more(&self, messages: usize, limit: Duration) -> Duration {
        let begun = Instant::now();
        let wanted = self.acknowledged() + messages;
        let mut acknowledged = self.progress.acknowledged.subscribe();
        let reached = acknowledged.wait_for(|count| *count >= wanted);
        within_time(limit, "messages to be acknowledged", reached)
            .await
            .expect("a crowd");
        begun.elapsed()
    }

    /// Waits until messages are in flight, so that what is done next strikes them; says how many.
    ///
    /// # Panics
    /// Where nobody talks.
    pub(crate) async fn busy(&self, limit: Duration) -> isize {
        let mut in_flight = self.progress.in_flight.subscribe();
        let busy = in_flight.wait_for(|count| *count > 0);
        *within_time(limit, "messages in flight", busy)
            .await
            .expect("a crowd")
    }

    /// Waits until more have come back than this; says how long that took.
    ///
    /// # Panics
    /// Where nobody does, in that time.
    pub(crate) async fn came_back_after(&self, before: usize, limit: Duration) -> Duration {
        let begun = Instant::now();
        let mut came_back = self.progress.came_back.subscribe();
        let back = came_back.wait_for(|count| *count > before);
        within_time(limit, "somebody to come back", back)
            .await
            .expect("a crowd");
        begun.elapsed()
    }

    /// Waits until so many subscriptions went on where another one was ended.
    ///
    /// # Panics
    /// Where they do not, in that time.
    pub(crate) async fn subscribed(&self, wanted: usize, limit: Duration) {
        let mut subscribed = self.progress.subscribed.subscribe();
        let enough = subscribed.wait_for(|count| *count >= wanted);
        within_time(limit, "people to subscribe anew", enough)
            .await
            .expect("a crowd");
    }

    /// Has everybody say their last words and hear all others'. Done twice, it is done.
    ///
    /// # Panics
    /// Where they do not come to an end in that time.
    pub(crate) async fn finish(&mut self, limit: Duration) {
        self.orders.send_replace(Orders::Finish);
        let all = async {
            for person in self.people.drain(..) {
                person.await.expect("somebody who lived to the end");
            }
        };
        within_time(limit, "everybody to hear the last words", all).await;
    }

    /// Judges what they wrote down.
    pub(crate) fn judge(&self, log: &Messages) -> Verdict {
        let is_in_log = |room: &str, id: &str| log.contains_key(&(room.into(), id.into()));
        judge(self.notes.path(), is_in_log)
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            acknowledged: watch::Sender::new(0),
            in_flight: watch::Sender::new(0),
            came_back: watch::Sender::new(0),
            subscribed: watch::Sender::new(0),
        }
    }
}
