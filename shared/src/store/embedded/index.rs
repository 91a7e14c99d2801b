//! History's index: for each room its messages in their order, in pieces, each message by its place in the log's file.

use std::collections::hash_map::Entry;

use ahash::AHashMap;
use redb::ReadableTable;

use super::chunk::Chunk;
use super::rows::Fault;
use super::tables::{IdKey, RoomKey, Tables};
use crate::domain::message::{Message, MessageType};
use crate::domain::user::Uid;

/// The key before and the key after every message of a room.
pub(super) const FIRST: IdKey = [0; 11];
pub(super) const LAST: IdKey = [0xff; 11];

/// A message that is new to the index, and where its record stands.
pub(super) struct New<'m> {
    pub(super) message: &'m Message,
    pub(super) position: u64,
}

/// Puts a room's next messages in; `talks` is how many TALKs there were before them, and is given back as it is then.
pub(super) fn append(
    tables: &mut Tables<'_>,
    room: RoomKey,
    mut talks: u64,
    new: &[New<'_>],
) -> Result<u64, Fault> {
    let mut open = last(&tables.history, room, LAST)?.unwrap_or_else(|| Chunk::new(talks));
    let mut own: AHashMap<&Uid, u64> = AHashMap::new();
    let mut spoke: Vec<&Uid> = vec![];
    for New { message, position } in new {
        if open.is_full() {
            write(tables, room, &open, &own, &mut spoke)?;
            open = Chunk::new(talks);
        }
        let talker = (message.message_type == MessageType::Talk).then_some(&message.sender_id);
        open.push(message.id.to_bytes(), *position, talker);
        if let Some(talker) = talker {
            talks += 1;
            let count = match own.entry(talker) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(own_before(&tables.talks_by, room, talker, LAST)?)
                }
            };
            *count += 1;
            if !spoke.contains(&talker) {
                spoke.push(talker);
            }
        }
    }
    write(tables, room, &open, &own, &mut spoke)?;
    Ok(talks)
}

fn write(
    tables: &mut Tables<'_>,
    room: RoomKey,
    chunk: &Chunk,
    own: &AHashMap<&Uid, u64>,
    spoke: &mut Vec<&Uid>,
) -> Result<(), Fault> {
    let Some(first) = chunk.first() else {
        return Ok(());
    };
    tables
        .history
        .insert((room, first), chunk.to_bytes().as_slice())?;
    for talker in spoke.drain(..) {
        let count = own.get(talker).copied().unwrap_or_default();
        tables
            .talks_by
            .insert((room, talker.as_str(), first), count)?;
    }
    Ok(())
}

/// The last piece of a room that begins at or before `upto`.
pub(super) fn last(
    history: &impl ReadableTable<(RoomKey, IdKey), &'static [u8]>,
    room: RoomKey,
    upto: IdKey,
) -> Result<Option<Chunk>, Fault> {
    let row = history.range((room, FIRST)..=(room, upto))?.next_back();
    row.map(|row| Chunk::from_bytes(row?.1.value())).transpose()
}

/// How many TALKs of one sender there are in a room's pieces that begin before `piece`.
fn own_before(
    talks_by: &impl ReadableTable<(RoomKey, &'static str, IdKey), u64>,
    room: RoomKey,
    talker: &Uid,
    piece: IdKey,
) -> Result<u64, Fault> {
    let talker = talker.as_str();
    let last = talks_by
        .range((room, talker, FIRST)..(room, talker, piece))?
        .next_back();
    Ok(last.transpose()?.map_or(0, |row| row.1.value()))
}

/// How many TALKs there are in a room, and how many of them are of one sender.
pub(super) struct Counted {
    pub(super) all: u64,
    pub(super) own: u64,
}

/// The TALKs up to and including `upto`.
pub(super) fn count(
    history: &impl ReadableTable<(RoomKey, IdKey), &'static [u8]>,
    talks_by: &impl ReadableTable<(RoomKey, &'static str, IdKey), u64>,
    (room, talker): (RoomKey, &Uid),
    upto: IdKey,
) -> Result<Counted, Fault> {
    let Some(piece) = last(history, room, upto)? else {
        return Ok(Counted { all: 0, own: 0 });
    };
    let before = own_before(talks_by, room, talker, piece.first().unwrap_or(FIRST))?;
    Ok(Counted {
        all: piece.talks_upto(upto),
        own: before + piece.own_upto(talker.as_str(), upto),
    })
}
