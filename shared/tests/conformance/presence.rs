//! Presence: what memberships and sockets add up to, and which nodes live.

mod nodes;
mod sums;

use std::collections::BTreeSet;

use roomtone_shared::domain::event::NodeId;
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::rooms;
use roomtone_shared::store::Stores;

use crate::chat::all_recorded;
use crate::node::Node;

/// What every form tells of a standing. Whether it names the ENTER as well is up to the form.
type Seen = (u64, bool, bool, BTreeSet<NodeId>);

fn seen(standing: &Standing) -> Seen {
    let Standing {
        version,
        joined,
        switch,
        nodes,
        ..
    } = standing.clone();
    (version, joined, switch, nodes)
}

async fn standing(stores: &Stores, room: RoomId, who: &Profile) -> Standing {
    stores.presence.of(room, &who.uid).await.unwrap()
}

async fn is_on(stores: &Stores, room: RoomId, who: &Profile) -> bool {
    standing(stores, room, who).await.is_on()
}

/// Something that a user does, or that a node says of them.
#[derive(Clone, Copy)]
enum Act<'n> {
    Join,
    Exit,
    Switch(bool),
    Hold(&'n Node, bool),
}

impl Act<'_> {
    /// Does it, and waits until it is recorded.
    async fn by(self, stores: &Stores, room: RoomId, who: &Profile) {
        match self {
            Self::Join => {
                rooms::join(stores, room, who).await.unwrap();
            }
            Self::Exit => {
                rooms::exit(stores, room, &who.uid).await.unwrap();
            }
            Self::Switch(on) => {
                rooms::switch(stores, room, &who.uid, on).await.unwrap();
            }
            Self::Hold(node, held) => node.hold(room, who, held).await,
        }
        all_recorded(stores, room).await;
    }
}
