//! Things that can happen, as a log takes them.

use roomtone_shared::domain::event::{
    Event, Line, MemberChange, MemberEvent, NodeId, Playing, Said,
};
use roomtone_shared::domain::user::Profile;

use crate::given;

pub(crate) fn playing() -> Playing {
    Playing {
        music_id: "m1".into(),
        position_ms: 1_234,
    }
}

pub(crate) fn line(content: &str) -> Line {
    Line {
        content: content.into(),
        client_message_id: None,
        at: given::at(5),
        playing: playing(),
        headers: vec![],
    }
}

/// A line with its sender's own id.
pub(crate) fn named(content: &str, own_id: &str) -> Line {
    Line {
        client_message_id: Some(own_id.into()),
        ..line(content)
    }
}

/// Something said by somebody who was checked when the log was known up to `as_of`.
pub(crate) fn said(as_of: u64, sender: &Profile, lines: Vec<Line>) -> Event {
    let (sender, origin) = (sender.clone(), None);
    Event::Said(Said {
        sender,
        as_of,
        lines,
        origin,
        trace: None,
    })
}

pub(crate) fn member(who: &Profile, version: u64, change: MemberChange) -> Event {
    Event::Member(MemberEvent {
        who: who.clone(),
        version,
        at: given::at(3),
        change,
        playing: Some(playing()),
    })
}

pub(crate) fn joined(who: &Profile, version: u64) -> Event {
    let (silent, sequence) = (false, version);
    member(who, version, MemberChange::Joined { silent, sequence })
}

pub(crate) fn joined_silently(who: &Profile, version: u64) -> Event {
    let (silent, sequence) = (true, version);
    member(who, version, MemberChange::Joined { silent, sequence })
}

pub(crate) fn exited(who: &Profile, version: u64) -> Event {
    member(who, version, MemberChange::Exited { by: None })
}

pub(crate) fn switched(who: &Profile, version: u64, on: bool) -> Event {
    member(who, version, MemberChange::Switched { on })
}

pub(crate) fn held(who: &Profile, node: u64, held: bool) -> Event {
    let (node, uid) = (NodeId(node), who.uid.clone());
    Event::Held { node, uid, held }
}

/// The numbered event; it shows nothing.
pub(crate) fn numbered(n: usize) -> Event {
    Event::Left(given::numbered(n).uid)
}
