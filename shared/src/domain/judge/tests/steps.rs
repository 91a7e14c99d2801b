//! Logs as nodes and stores write them, made up at random.
//!
//! A node lets messages in knowing all but the last [`LAG_MS`] of the log, and an event that is logged again
//! is logged within [`AGAIN_MS`] of the first time.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::*;
use super::log::{self, Log, line, named};
use crate::domain::event::{Line, NodeId};

/// How far behind the log a node is at most.
pub(super) const LAG_MS: u64 = 10_000;
/// How long after the first time an event may be logged again.
const AGAIN_MS: u64 = 4 * 60 * 1_000;

/// What comes next in a log.
#[derive(Clone, Debug)]
pub(super) struct Step {
    gap_ms: u64,
    room: u8,
    who: u8,
    act: Act,
}

/// What happens in a step.
#[derive(Clone, Debug)]
enum Act {
    /// Says lines, some with an id of the sender's own; the node is that many records behind.
    Say {
        ids: Vec<Option<u8>>,
        behind: usize,
    },
    /// Switches off, and says a line by way of a node that does not know of it yet.
    Late(u8),
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
        2 => (0..2_u8).prop_map(Act::Late),
        3 => (0..5_u8).prop_map(Act::Change),
        1 => any::<Index>().prop_map(Act::Again),
        1 => Just(Act::Other),
    ]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
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

const OFF: u8 = 4;

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
        OFF.. => MemberChange::Switched { on: false },
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

/// The log that steps make.
pub(super) fn log_of(steps: Vec<Step>) -> Log {
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
            Act::Late(id) => {
                versions[usize::from(who)] += 1;
                let off = log::member(who, versions[usize::from(who)], change(OFF));
                log.put(Fact::In(log::room(room), off));
                said(&log, who, vec![Some(id)], 1)
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
