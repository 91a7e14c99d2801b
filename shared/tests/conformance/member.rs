//! What a user changes, with the event of every change taken for logged at once.

use roomtone_shared::domain::membership::{Change, Membership, Placed, UserRooms};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::store::{Changed, Stores};

use crate::given;

/// What a change wrote.
#[derive(Debug)]
pub(crate) struct Wrote {
    pub(crate) room: RoomId,
    pub(crate) membership: Membership,
    pub(crate) evicted: Option<Placed>,
}

/// A user of the stores.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) stores: Stores,
    pub(crate) who: Profile,
}

impl Member {
    pub(crate) fn new(stores: &Stores, id: &str) -> Self {
        let (stores, who) = (stores.clone(), given::user(id));
        Self { stores, who }
    }

    pub(crate) fn joining(&self) -> Change {
        let (who, silent) = (self.who.clone(), false);
        Change::Join { who, silent }
    }

    /// Asks for a change once, and settles nothing.
    pub(crate) async fn ask(&self, room: RoomId, change: Change, now: Timestamp) -> Changed {
        let asked = self
            .stores
            .memberships
            .change(room, &self.who.uid, change, now);
        asked.await.unwrap()
    }

    /// Makes a change that must come to something, and settles it.
    pub(crate) async fn change(&self, room: RoomId, change: Change, now: Timestamp) -> Wrote {
        let wrote = self.change_only(room, change, now).await;
        self.settle(room, &wrote.membership).await;
        if let Some((left, gone)) = &wrote.evicted {
            self.settle(*left, gone).await;
        }
        wrote
    }

    /// Makes a change that must come to something, and leaves it pending.
    pub(crate) async fn change_only(&self, room: RoomId, change: Change, now: Timestamp) -> Wrote {
        match self.ask(room, change, now).await {
            Changed::Done {
                membership,
                evicted,
            } => Wrote {
                room,
                membership,
                evicted,
            },
            other => panic!("not changed: {other:?}"),
        }
    }

    pub(crate) async fn join(&self, room: RoomId, now: Timestamp) -> Wrote {
        self.change(room, self.joining(), now).await
    }

    pub(crate) async fn exit(&self, room: RoomId, now: Timestamp) -> Wrote {
        self.change(room, Change::Exit, now).await
    }

    pub(crate) async fn switch(&self, room: RoomId, on: bool, now: Timestamp) -> Wrote {
        self.change(room, Change::Switch { on }, now).await
    }

    pub(crate) async fn settle(&self, room: RoomId, membership: &Membership) {
        let (uid, version) = (&self.who.uid, membership.version);
        let settled = self.stores.memberships.settle(room, uid, version, None);
        settled.await.unwrap();
    }

    pub(crate) async fn find(&self, room: RoomId) -> Option<Membership> {
        let found = self.stores.memberships.get(room, &self.who.uid);
        found.await.unwrap()
    }

    /// The membership, which must be there.
    pub(crate) async fn get(&self, room: RoomId) -> Membership {
        self.find(room).await.expect("a membership")
    }

    pub(crate) async fn rooms(&self) -> UserRooms {
        self.stores
            .memberships
            .of_user(&self.who.uid)
            .await
            .unwrap()
    }
}
