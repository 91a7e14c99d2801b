//! Send, without a socket: for debugging.

use std::sync::Arc;

use crate::domain::event::{Event, Line, Said};
use crate::domain::judge::Verdict;
use crate::domain::membership::Membership;
use crate::domain::message::Message;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::trace::TraceContext;
use crate::domain::user::Profile;
use crate::error::{Error, Result};
use crate::store::Stores;

/// Says something in a room, and gives the message as it stands in the log; for a repeat, the first one. It is `counted` once it
/// is known that its sender may send: whoever may not takes nothing from those who may.
///
/// # Errors
/// `NotFound`, `Forbidden` for somebody who is no member or off, what `counted` refuses with, or `Unavailable`.
pub async fn send(
    stores: &Stores,
    room: RoomId,
    sender: &Profile,
    content: Arc<str>,
    client_message_id: Option<Arc<str>>,
    trace: Option<TraceContext>,
    counted: impl Future<Output = Result<()>>,
) -> Result<Message> {
    let as_of = stores.log.end(room).await?;
    may_send(&super::member(stores, room, &sender.uid).await?)?;
    counted.await?;
    let at = Timestamp::now();
    let playing = super::settle::playing(&super::get(stores, room).await?.schedule().at(at));
    let line = Line {
        content,
        client_message_id,
        at,
        playing,
        headers: vec![],
    };
    let said = Said {
        sender: sender.clone(),
        as_of,
        lines: vec![line],
        origin: None,
        trace,
    };
    let appended = stores.log.append(room, Event::Said(said)).await?;
    let id = match appended.verdicts.first() {
        Some(Verdict::Shown(id) | Verdict::Repeat(id)) => *id,
        Some(Verdict::Void) => return Err(off()),
        None => return Err(Error::Unavailable("the log")),
    };
    let archived = stores.history.get(room, id).await?;
    archived
        .map(|a| a.message)
        .ok_or(Error::Unavailable("history"))
}

/// Whether this member may send: their switch is on.
///
/// # Errors
/// `Forbidden`.
pub fn may_send(member: &Membership) -> Result<()> {
    if !member.joined {
        return Err(super::not_a_member());
    }
    if member.switch { Ok(()) } else { Err(off()) }
}

/// The answer to a member who is off.
#[must_use]
pub fn off() -> Error {
    Error::Forbidden("only members who are on may send; you are off".into())
}
