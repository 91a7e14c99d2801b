//! The recorder's part: what a judged record changes in history, counts and presence.

use redb::ReadableTable;

use super::rows::{self, Fault};
use super::sums::Sums;
use super::tables::Tables;
use crate::domain::event::{Event, Fact, NodeId};
use crate::domain::judge::{Judged, Shown};
use crate::domain::message::MessageType;
use crate::domain::presence::Standing;
use crate::domain::room::{Room, RoomId};
use crate::domain::user::Uid;
use crate::store::Archived;

/// Writes what the record comes to.
pub(super) fn record(
    tables: &mut Tables<'_>,
    sums: &mut Sums,
    judged: &Judged,
) -> Result<(), Fault> {
    match &judged.record.fact {
        Fact::NodeGone(node) => return node_gone(tables, *node),
        Fact::In(room, Event::Held { node, uid, held }) => hold(tables, *room, uid, *node, *held)?,
        Fact::In(room, Event::Member(event)) if judged.fresh => {
            let (was, is) = stand(tables, *room, &event.who.uid, |s| {
                s.member(event, judged.notice())
            })?;
            count(
                tables,
                sums,
                *room,
                i64::from(is.joined) - i64::from(was.joined),
            )?;
        }
        Fact::In(..) | Fact::Unreadable => {}
    }
    judged
        .shown
        .iter()
        .try_for_each(|shown| archive(tables, sums, shown))
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

/// Counts members, and keeps the room's `live` in step.
fn count(tables: &mut Tables<'_>, sums: &mut Sums, id: RoomId, by: i64) -> Result<(), Fault> {
    if by == 0 {
        return Ok(());
    }
    let summary = sums.room(tables, id.to_bytes())?;
    summary.user_count = summary.user_count.saturating_add_signed(by);
    let live = summary.user_count > 0;
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

fn archive(tables: &mut Tables<'_>, sums: &mut Sums, shown: &Shown) -> Result<(), Fault> {
    let message = &shown.message;
    let (room, id) = (message.room_id.to_bytes(), message.id.to_bytes());
    let archived = Archived {
        message: message.clone(),
        headers: shown.headers.clone(),
    };
    rows::put(&mut tables.history, (room, id), &archived)?;
    let summary = sums.room(tables, room)?;
    summary.last = Some(message.id);
    if message.message_type == MessageType::Talk {
        summary.talks += 1;
        summary.last_talk = Some(message.clone());
        tables.talks.insert((room, id), summary.talks)?;
        let own = sums.one_more(tables, room, &message.sender_id)?;
        let sender = message.sender_id.as_str();
        tables.talks_by.insert((room, sender, id), own)?;
    }
    Ok(())
}
