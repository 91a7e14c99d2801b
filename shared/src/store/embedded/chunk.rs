//! A piece of a room's index of history: where so many messages stand in the log's file, and who said what.

use super::rows::Fault;
use super::tables::IdKey;
use crate::domain::user::Uid;

/// Messages in one piece.
pub(super) const MESSAGES_MAX: usize = 64;
/// The sender of what is no TALK.
const NOBODY: u8 = u8::MAX;
/// Octets of a message in a piece.
const ENTRY: usize = 20;

/// One message.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: IdKey,
    /// Where its record stands in the log's file.
    pub(super) position: u64,
    sender: u8,
}

impl Entry {
    fn is_talk(&self) -> bool {
        self.sender != NOBODY
    }
}

/// A piece of the index.
#[derive(Default)]
pub(super) struct Chunk {
    /// TALKs in the room before it.
    talks_before: u64,
    senders: Vec<String>,
    pub(super) entries: Vec<Entry>,
}

impl Chunk {
    pub(super) fn new(talks_before: u64) -> Self {
        Self {
            talks_before,
            ..Self::default()
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= MESSAGES_MAX
    }

    /// The key that it is kept under.
    pub(super) fn first(&self) -> Option<IdKey> {
        self.entries.first().map(|entry| entry.id)
    }

    /// Takes in the room's next message; `talker` is who said it, where it is a TALK.
    pub(super) fn push(&mut self, id: IdKey, position: u64, talker: Option<&Uid>) {
        let sender = talker.map_or(NOBODY, |talker| self.slot(talker.as_str()));
        self.entries.push(Entry {
            id,
            position,
            sender,
        });
    }

    /// There are fewer messages than numbers, so one is always free.
    fn slot(&mut self, talker: &str) -> u8 {
        let slot = self.senders.iter().position(|s| s == talker);
        let slot = slot.unwrap_or_else(|| {
            self.senders.push(talker.into());
            self.senders.len() - 1
        });
        u8::try_from(slot).unwrap_or(NOBODY)
    }

    /// TALKs in the room up to and including `upto`.
    pub(super) fn talks_upto(&self, upto: IdKey) -> u64 {
        self.talks_before + self.count(upto, Entry::is_talk)
    }

    /// TALKs of one sender in this piece, up to and including `upto`.
    pub(super) fn own_upto(&self, talker: &str, upto: IdKey) -> u64 {
        let slot = self.senders.iter().position(|s| s == talker);
        let Some(slot) = slot.and_then(|slot| u8::try_from(slot).ok()) else {
            return 0;
        };
        self.count(upto, |entry| entry.sender == slot)
    }

    fn count(&self, upto: IdKey, counts: impl Fn(&Entry) -> bool) -> u64 {
        let counted = self.entries.iter().take_while(|entry| entry.id <= upto);
        counted.filter(|entry| counts(entry)).count() as u64
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.entries.len() * ENTRY);
        out.extend(self.talks_before.to_le_bytes());
        out.push(u8::try_from(self.senders.len()).unwrap_or(NOBODY));
        for sender in &self.senders {
            out.extend(
                u16::try_from(sender.len())
                    .unwrap_or_default()
                    .to_le_bytes(),
            );
            out.extend(sender.as_bytes());
        }
        for entry in &self.entries {
            out.extend(entry.id);
            out.extend(entry.position.to_le_bytes());
            out.push(entry.sender);
        }
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        Self::read(bytes).ok_or(Fault::Journal(
            "a piece of history's index has another form",
        ))
    }

    fn read(mut rest: &[u8]) -> Option<Self> {
        let mut chunk = Self::new(u64::from_le_bytes(take(&mut rest)?));
        let [senders] = take(&mut rest)?;
        for _ in 0..senders {
            let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
            let (sender, behind) = rest.split_at_checked(length)?;
            chunk.senders.push(std::str::from_utf8(sender).ok()?.into());
            rest = behind;
        }
        while !rest.is_empty() {
            let id = take(&mut rest)?;
            let position = u64::from_le_bytes(take(&mut rest)?);
            let [sender] = take(&mut rest)?;
            chunk.entries.push(Entry {
                id,
                position,
                sender,
            });
        }
        Some(chunk)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> IdKey {
        [number; 11]
    }

    fn uid(text: &str) -> Uid {
        Uid::parse("uid", text).unwrap()
    }

    /// An ENTER, then TALKs of two by turns.
    fn chunk() -> Chunk {
        let mut chunk = Chunk::new(70);
        chunk.push(id(1), 16, None);
        for number in 2..7 {
            let talker = uid(["u0", "하늘"][usize::from(number % 2)]);
            chunk.push(id(number), u64::from(number) << 40, Some(&talker));
        }
        chunk
    }

    #[test]
    fn what_was_written_is_read() {
        for chunk in [Chunk::new(u64::MAX), chunk()] {
            let read = Chunk::from_bytes(&chunk.to_bytes()).unwrap();
            assert_eq!(read.to_bytes(), chunk.to_bytes());
            assert_eq!(read.first(), chunk.first());
        }
    }

    #[test]
    fn cut_off_it_is_no_piece() {
        let bytes = chunk().to_bytes();
        for length in
            (0..bytes.len()).filter(|length| !(bytes.len() - length).is_multiple_of(ENTRY))
        {
            assert!(Chunk::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn talks_are_counted_up_to_an_id() {
        let chunk = chunk();
        for (upto, all, own) in [(0, 70, 0), (1, 70, 0), (2, 71, 0), (3, 72, 1), (9, 75, 2)] {
            assert_eq!(chunk.talks_upto(id(upto)), all, "{upto}");
            assert_eq!(chunk.own_upto("하늘", id(upto)), own, "{upto}");
            assert_eq!(chunk.own_upto("u9", id(upto)), 0, "{upto}");
        }
    }
}
