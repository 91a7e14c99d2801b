//! The rules, worked out from the whole log for each record anew: slow, and as they are written.

use std::sync::Arc;

use super::super::*;

/// The rules for this log.
pub(super) struct Rules<'l>(pub(super) &'l [Arc<Record>]);

impl Rules<'_> {
    fn at(&self, n: usize) -> (&Record, RoomId, &Event) {
        match &self.0[n].fact {
            Fact::In(room, event) => (&self.0[n], *room, event),
            Fact::NodeGone(_) | Fact::Kicked(_) | Fact::Unreadable(_) => panic!("of no room"),
        }
    }

    /// The changes of a membership among the first `end` records, each once.
    fn changes(&self, room: RoomId, uid: &Uid, end: usize) -> Vec<(u64, &MemberEvent)> {
        let mut changes: Vec<(u64, &MemberEvent)> = vec![];
        for record in &self.0[..end] {
            let Fact::In(of, Event::Member(event)) = &record.fact else {
                continue;
            };
            let newer = changes
                .last()
                .is_none_or(|(_, last)| event.version > last.version);
            if *of == room && event.who.uid == *uid && newer {
                changes.push((record.offset, event));
            }
        }
        changes
    }

    pub(super) fn fresh(&self, n: usize) -> bool {
        let Fact::In(room, Event::Member(event)) = &self.0[n].fact else {
            return true;
        };
        let before = self.changes(*room, &event.who.uid, n);
        before
            .last()
            .is_none_or(|(_, last)| event.version > last.version)
    }

    fn void(&self, n: usize, said: &Said) -> bool {
        let changes = self.changes(self.at(n).1, &said.sender.uid, n);
        let last = changes.last().filter(|(offset, _)| *offset >= said.as_of);
        last.is_some_and(|(_, event)| {
            matches!(
                event.change,
                MemberChange::Exited { .. } | MemberChange::Switched { on: false }
            )
        })
    }

    /// The line that this one repeats: the last of the same id in the five minutes before it, not void.
    fn before(&self, n: usize, index: usize, said: &Said) -> Option<(usize, usize)> {
        let own = said.lines[index].client_message_id.as_ref()?;
        let (record, room, _) = self.at(n);
        (0..=n)
            .rev()
            .take_while(|m| self.0[*m].at.plus_ms(limits::REPEAT_WINDOW_MS) >= record.at)
            .find_map(|m| {
                let Fact::In(of, Event::Said(other)) = &self.0[m].fact else {
                    return None;
                };
                let theirs = *of != room || other.sender.uid != said.sender.uid;
                if theirs || self.void(m, other) {
                    return None;
                }
                let lines = if m == n {
                    &said.lines[..index]
                } else {
                    &other.lines[..]
                };
                let same = lines
                    .iter()
                    .rposition(|line| line.client_message_id.as_ref() == Some(own));
                same.map(|same| (m, same))
            })
    }

    fn verdict(&self, n: usize, index: usize, said: &Said) -> Verdict {
        let own = |n: usize, index: usize| MessageId {
            epoch: 7,
            offset: n as u64,
            index: index as u8,
        };
        let Some((mut m, mut at)) = self.before(n, index, said) else {
            return if self.void(n, said) {
                Verdict::Void
            } else {
                Verdict::Shown(own(n, index))
            };
        };
        loop {
            let Event::Said(first) = self.at(m).2 else {
                panic!("no line")
            };
            match self.before(m, at, first) {
                Some(earlier) => (m, at) = earlier,
                None => return Verdict::Repeat(own(m, at)),
            }
        }
    }

    pub(super) fn verdicts(&self, n: usize) -> Vec<Verdict> {
        match &self.0[n].fact {
            Fact::In(_, Event::Said(said)) => (0..said.lines.len())
                .map(|i| self.verdict(n, i, said))
                .collect(),
            _ => vec![],
        }
    }
}
