//! One room's log, and what is recorded of it.

use roomtone_shared::domain::event::{Event, Line};
use roomtone_shared::domain::judge::Verdict;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::store::{Appended, Archived, Stores};

use crate::{deadline, facts, given};

/// Messages read at once.
const PAGE: usize = 1_000;

/// Waits until all that the room's part of the log has before `end` is recorded.
pub(crate) async fn recorded(stores: &Stores, room: RoomId, end: u64) {
    let all = || async { (stores.history.covered(room).await.unwrap() >= end).then_some(()) };
    deadline::until("the log to be recorded", all).await;
}

/// Waits until all that the room's part of the log has now is recorded.
pub(crate) async fn all_recorded(stores: &Stores, room: RoomId) {
    recorded(stores, room, stores.log.end(room).await.unwrap()).await;
}

/// Every message of the room, oldest first.
pub(crate) async fn messages(stores: &Stores, room: RoomId) -> Vec<Archived> {
    all_recorded(stores, room).await;
    let mut all: Vec<Archived> = vec![];
    loop {
        let last = all.last().map(|archived| archived.message.id);
        let page = stores.history.after(room, last, None, PAGE).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// A room to talk in.
pub(crate) struct Chat<'s> {
    pub(crate) stores: &'s Stores,
    pub(crate) room: RoomId,
}

impl<'s> Chat<'s> {
    pub(crate) fn new(stores: &'s Stores) -> Self {
        let room = RoomId::new();
        Self { stores, room }
    }

    /// Another room in the same part of the log.
    pub(crate) fn beside(&self) -> Self {
        let log = &self.stores.log;
        let room = given::room_id_in(log.partition(self.room), log.partitions());
        Self { room, ..*self }
    }

    pub(crate) async fn append(&self, event: Event) -> Appended {
        let appended = self.stores.log.append(self.room, event).await.unwrap();
        recorded(self.stores, self.room, appended.offset + 1).await;
        appended
    }

    /// Says these lines in one record; gives the ids of all of them, which must be shown.
    pub(crate) async fn say_lines(&self, who: &Profile, lines: Vec<Line>) -> Vec<MessageId> {
        let as_of = self.stores.log.end(self.room).await.unwrap();
        let appended = self.append(facts::said(as_of, who, lines)).await;
        let shown = |verdict: &Verdict| match verdict {
            Verdict::Shown(id) => *id,
            other => panic!("not shown: {other:?}"),
        };
        appended.verdicts.iter().map(shown).collect()
    }

    pub(crate) async fn say(&self, who: &Profile, content: &str) -> MessageId {
        self.say_lines(who, vec![facts::line(content)]).await[0]
    }

    pub(crate) async fn standing(&self, who: &Profile) -> Standing {
        self.stores.presence.of(self.room, &who.uid).await.unwrap()
    }
}
