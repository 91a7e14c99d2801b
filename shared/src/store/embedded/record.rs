//! The recorder's part: what judged records change in history, counts and presence.

use std::sync::Arc;

use ahash::AHashMap;
use redb::ReadableTable;

use super::index::{self, New};
use super::rows::{self, Fault};
use super::tables::{PLACES_EVERY, Tables};
use crate::domain::event::{Event, Fact, NodeId, Record};
use crate::domain::judge::Judged;
use crate::domain::message::MessageType;
use crate::domain::presence::Standing;
use crate::domain::room::{Room, RoomId};
use crate::domain::user::Uid;
use crate::store::{Appended, Summary};

/// A record that is durable and judged, and where it stands in the log's file.
pub(super) struct Recordable {
    pub(super) judged: Arc<Judged>,
    pub(super) position: u64,
}

impl Recordable {
    pub(super) fn record(&self) -> &Arc<Record> {
        &self.judged.record
    }

    /// What whoever appended it is told.
    pub(super) fn appended(&self) -> Appended {
        Appended {
            offset: self.record().offset,
            at: self.record().at,
            verdicts: self.judged.verdicts.clone(),
            notice: self.judged.notice(),
        }
    }
}

/// What a batch does to a room.
#[derive(Default)]
struct InRoom<'b> {
    members: i64,
    messages: Vec<New<'b>>,
}

/// Writes what the log's next records come to, together: a room's own rows are written once, however many are of it.
pub(super) fn record(tables: &mut Tables<'_>, batch: &[Recordable]) -> Result<(), Fault> {
    let mut rooms: AHashMap<RoomId, InRoom<'_>> = AHashMap::new();
    for Recordable { judged, position } in batch {
        let record = &judged.record;
        if record.offset.is_multiple_of(PLACES_EVERY) {
            tables
                .places
                .insert(record.offset, (*position, record.at.ms()))?;
        }
        match &record.fact {
            Fact::NodeGone(node) => node_gone(tables, *node)?,
            Fact::In(room, Event::Held { node, uid, held }) => {
                hold(tables, *room, uid, *node, *held)?;
            }
            Fact::In(room, Event::Member(event)) if judged.fresh => {
                let (was, is) = stand(tables, *room, &event.who.uid, |s| {
                    s.member(event, judged.notice())
                })?;
                rooms.entry(*room).or_default().members +=
                    i64::from(is.joined) - i64::from(was.joined);
            }
            Fact::In(..) | Fact::Kicked(_) | Fact::Unreadable(_) => {}
        }
        for shown in &judged.shown {
            let (message, position) = (&shown.message, *position);
            let messages = &mut rooms.entry(message.room_id).or_default().messages;
            messages.push(New { message, position });
        }
    }
    rooms
        .iter()
        .try_for_each(|(room, change)| sum(tables, *room, change))?;
    match batch.last() {
        Some(last) => tables.recorded(last.record().offset + 1, last.position),
        None => Ok(()),
    }
}

/// Changes what a room comes to.
fn sum(tables: &mut Tables<'_>, id: RoomId, change: &InRoom<'_>) -> Result<(), Fault> {
    let room = id.to_bytes();
    let mut summary: Summary = rows::get(&tables.summaries, room)?.unwrap_or_default();
    summary.user_count = summary.user_count.saturating_add_signed(change.members);
    summary.talks = index::append(tables, room, summary.talks, &change.messages)?;
    let messages = change.messages.iter().rev().map(|new| new.message);
    if let Some(last) = messages.clone().next() {
        summary.last = Some(last.id);
    }
    let talk = messages
        .clone()
        .find(|message| message.message_type == MessageType::Talk);
    if let Some(talk) = talk {
        summary.last_talk = Some(talk.clone());
    }
    rows::put(&mut tables.summaries, room, &summary)?;
    match change.members {
        0 => Ok(()),
        _ => live(tables, id, summary.user_count > 0),
    }
}

/// Keeps a room's `live` in step with its members.
fn live(tables: &mut Tables<'_>, id: RoomId, live: bool) -> Result<(), Fault> {
    let Some(mut room) = rows::get::<_, Room>(&tables.rooms, id.to_bytes())? else {
        return Ok(());
    };
    if room.live == live {
        return Ok(());
    }
    room.live = live;
    rows::put(&mut tables.rooms, id.to_bytes(), &room)?;
    let key = (room.created_at.ms(), id.to_bytes());
    if live {
        tables.live.insert(key, ())?;
    } else {
        tables.live.remove(key)?;
    }
    Ok(())
}

/// Changes how a user stands in a room; gives it as it was and as it is.
fn stand(
    tables: &mut Tables<'_>,
    room: RoomId,
    uid: &Uid,
    change: impl FnOnce(&mut Standing),
) -> Result<(Standing, Standing), Fault> {
    let key = (room.to_bytes(), uid.as_str());
    let was: Standing = rows::get(&tables.standings, key)?.unwrap_or_default();
    let mut is = was.clone();
    change(&mut is);
    if is != was {
        rows::put(&mut tables.standings, key, &is)?;
    }
    Ok((was, is))
}

fn hold(
    tables: &mut Tables<'_>,
    room: RoomId,
    uid: &Uid,
    node: NodeId,
    held: bool,
) -> Result<(), Fault> {
    stand(tables, room, uid, |s| s.held(node, held))?;
    let key = (node.0, room.to_bytes(), uid.as_str());
    if held {
        tables.holders.insert(key, ())?;
    } else {
        tables.holders.remove(key)?;
    }
    Ok(())
}

fn node_gone(tables: &mut Tables<'_>, node: NodeId) -> Result<(), Fault> {
    let mut held = vec![];
    for row in tables.holders.range((node.0, [0; 16], "")..)? {
        let (n, room, uid) = {
            let row = row?;
            let (n, room, uid) = row.0.value();
            (n, room, uid.to_owned())
        };
        if n != node.0 {
            break;
        }
        held.push((room, uid));
    }
    for (room, uid) in held {
        let Ok(user) = Uid::parse("uid", &uid) else {
            continue;
        };
        hold(tables, RoomId::from_bytes(room), &user, node, false)?;
    }
    Ok(())
}
