//! What holds for every log: a judge says what the rules say, and a reader that began late says it too.
//!
//! Every log here is one that nodes and stores write: a node lets messages in knowing all but the last
//! [`LAG_MS`] of the log, and an event that is logged again is logged within [`AGAIN_MS`] of the first time.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::*;
use super::log::{self, Log, line, named};
use crate::domain::event::{Line, NodeId};

/// How far behind the log a node is at most.
const LAG_MS: u64 = 10_000;
/// How long after the first time an event may be logged again.
const AGAIN_MS: u64 = 4 * 60 * 1_000;

/// What comes next in a log.
#[derive(Clone, Debug)]
struct Step {
    gap_ms: u64,
    room: u8,
    who: u8,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    /// Says lines, some with an id of the sender's own; the node is that many records behind.
    Say {
        ids: Vec<Option<u8>>,
        behind: usize,
    },
    /// Changes something.
    Change(u8),
    /// Logs an earlier change of the same user again.
    Again(Index),
    Other,
}

fn act() -> impl Strategy<Value = Act> {
    let id = prop_oneof![1 => Just(None), 4 => (0..2_u8).prop_map(Some)];
    let ids = prop::collection::vec(id, 1..4);
    prop_oneof![
        6 => (ids, 0..6_usize).prop_map(|(ids, behind)| Act::Say { ids, behind }),
        3 => (0..5_u8).prop_map(Act::Change),
        1 => any::<Index>().prop_map(Act::Again),
        1 => Just(Act::Other),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap_ms = prop_oneof![
        6 => 0..3_000_u64,
        3 => 30_000..limits::REPEAT_WINDOW_MS,
        1 => limits::REPEAT_WINDOW_MS - 2..limits::REPEAT_WINDOW_MS + 3,
        1 => limits::REPEAT_WINDOW_MS..limits::PRE_ROLL_MS + 60_000,
    ];
    let step = (gap_ms, 0..2_u8, 0..2_u8, act());
    let step = step.prop_map(|(gap_ms, room, who, act)| Step {
        gap_ms,
        room,
        who,
        act,
    });
    prop::collection::vec(step, 1..80)
}

fn change(kind: u8) -> MemberChange {
    match kind {
        0 => MemberChange::Joined {
            silent: false,
            sequence: 1,
        },
        1 => MemberChange::Joined {
            silent: true,
            sequence: 1,
        },
        2 => MemberChange::Exited { by: None },
        3 => MemberChange::Switched { on: true },
        _ => MemberChange::Switched { on: false },
    }
}

/// Something said by way of a node that is `behind` records behind, so far as those are young enough.
fn said(log: &Log, who: u8, ids: Vec<Option<u8>>, behind: usize) -> Event {
    let known = log::at(log.now_ms.saturating_sub(LAG_MS));
    let last = log.records.iter().rev().take(behind);
    let unknown = last.take_while(|record| record.at >= known).count();
    let lines: Vec<Line> = ids
        .into_iter()
        .map(|id| id.map_or_else(line, named))
        .collect();
    log::said(who, (log.records.len() - unknown) as u64, lines)
}

/// One of the events of this user in this room that were logged for the first time lately.
fn lately(log: &Log, room: u8, who: u8, which: Index) -> Option<Event> {
    let mut firsts: BTreeMap<u64, (Timestamp, &Event)> = BTreeMap::new();
    for record in &log.records {
        if let Fact::In(of, event @ Event::Member(member)) = &record.fact
            && *of == log::room(room)
            && member.who == log::user(who)
        {
            firsts.entry(member.version).or_insert((record.at, event));
        }
    }
    let from = log::at(log.now_ms.saturating_sub(AGAIN_MS));
    firsts.retain(|_, (at, _)| *at >= from);
    let events: Vec<&Event> = firsts.into_values().map(|(_, event)| event).collect();
    (!events.is_empty()).then(|| (*which.get(&events)).clone())
}

fn log_of(steps: Vec<Step>) -> Log {
    let (mut log, mut versions) = (Log::default(), [0; 2]);
    for Step {
        gap_ms,
        room,
        who,
        act,
    } in steps
    {
        log.now_ms += gap_ms;
        let event = match act {
            Act::Say { ids, behind } => said(&log, who, ids, behind),
            Act::Again(which) => match lately(&log, room, who, which) {
                Some(event) => event,
                None => continue,
            },
            Act::Change(kind) => {
                versions[usize::from(who)] += 1;
                log::member(who, versions[usize::from(who)], change(kind))
            }
            Act::Other => {
                log.put(Fact::NodeGone(NodeId(1)));
                Event::Left(log::user(who).uid)
            }
        };
        log.put(Fact::In(log::room(room), event));
    }
    log
}

/// The rules, worked out from the whole log for each record anew.
struct Rules<'l>(&'l [Arc<Record>]);

impl Rules<'_> {
    fn at(&self, n: usize) -> (&Record, RoomId, &Event) {
        match &self.0[n].fact {
            Fact::In(room, event) => (&self.0[n], *room, event),
            Fact::NodeGone(_) => panic!("of no room"),
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

    fn fresh(&self, n: usize) -> bool {
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

    fn verdicts(&self, n: usize) -> Vec<Verdict> {
        match &self.0[n].fact {
            Fact::In(_, Event::Said(said)) => (0..said.lines.len())
                .map(|i| self.verdict(n, i, said))
                .collect(),
            _ => vec![],
        }
    }
}

/// What a reader says that begins at `from`.
fn judged(log: &Log, from: usize) -> Vec<Judged> {
    let mut judge = Judge::new(7);
    log.records[from..]
        .iter()
        .map(|record| judge.judge(record.clone()))
        .collect()
}

/// Whether two readers that began at different places say the same; the later one is sure of the id of what
/// is repeated where that came no earlier than `sure`.
fn same(log: &Log, early: &Judged, late: &Judged, sure: Timestamp) -> Result<(), TestCaseError> {
    prop_assert_eq!(early.fresh, late.fresh);
    prop_assert_eq!(&early.shown, &late.shown);
    prop_assert_eq!(early.verdicts.len(), late.verdicts.len());
    for pair in early.verdicts.iter().zip(&late.verdicts) {
        match pair {
            (Verdict::Repeat(first), Verdict::Repeat(_))
                if log.records[first.offset as usize].at < sure => {}
            (early, late) => prop_assert_eq!(early, late),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_judge_says_what_the_rules_say(steps in steps()) {
        let log = log_of(steps);
        let rules = Rules(&log.records);
        for (n, judged) in judged(&log, 0).into_iter().enumerate() {
            prop_assert_eq!(&judged.verdicts, &rules.verdicts(n), "record {}", n);
            prop_assert_eq!(judged.fresh, rules.fresh(n), "record {}", n);
        }
    }

    #[test]
    fn a_reader_that_has_read_ten_minutes_says_the_same(steps in steps()) {
        let log = log_of(steps);
        let early = judged(&log, 0);
        for (n, record) in log.records.iter().enumerate() {
            let begin = record.at.minus_ms(limits::PRE_ROLL_MS);
            let from = log.records.partition_point(|record| record.at < begin);
            let sure = begin.plus_ms(limits::REPEAT_WINDOW_MS + LAG_MS);
            for (early, late) in early[n..].iter().zip(&judged(&log, from)[n - from..]) {
                same(&log, early, late, sure)?;
            }
        }
    }
}
