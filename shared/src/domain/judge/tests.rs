//! The rules of verdicts, one by one; `readers` has what holds for every log.

mod log;
mod readers;
mod rules;
mod steps;

use super::*;
use log::{Log, line, named};

const WINDOW: u64 = limits::REPEAT_WINDOW_MS;

fn shown(offset: u64, index: u8) -> Verdict {
    Verdict::Shown(id(offset, index))
}

fn repeat(offset: u64, index: u8) -> Verdict {
    Verdict::Repeat(id(offset, index))
}

fn id(offset: u64, index: u8) -> MessageId {
    let epoch = 7;
    MessageId {
        epoch,
        offset,
        index,
    }
}

/// A log with its judge: what is put in is judged at once.
struct Court(Log, Judge);

impl Court {
    fn new() -> Self {
        Self(Log::default(), Judge::new(7))
    }

    /// Lets the log's time go on.
    fn after(&mut self, ms: u64) -> &mut Self {
        self.0.now_ms += ms;
        self
    }

    fn hear(&mut self, event: Event) -> Judged {
        let record = self.0.put(Fact::In(log::room(0), event));
        self.1.judge(record)
    }

    /// The verdict on a line of `u0` that was let in when the log had `as_of` records.
    fn say(&mut self, as_of: u64, line: super::super::event::Line) -> Verdict {
        self.hear(log::said(0, as_of, vec![line])).verdicts[0]
    }

    fn change(&mut self, version: u64, change: MemberChange) -> Judged {
        self.hear(log::member(0, version, change))
    }
}

const OFF: MemberChange = MemberChange::Switched { on: false };
const ON: MemberChange = MemberChange::Switched { on: true };
const EXITED: MemberChange = MemberChange::Exited { by: None };
const JOINED: MemberChange = MemberChange::Joined {
    silent: false,
    sequence: 1,
};
const MADE: MemberChange = MemberChange::Joined {
    silent: true,
    sequence: 1,
};

#[test]
fn a_message_after_its_senders_off_or_exit_is_void() {
    for (change, void) in [
        (OFF, true),
        (EXITED, true),
        (ON, false),
        (JOINED, false),
        (MADE, false),
    ] {
        let mut court = Court::new();
        court.change(1, change.clone());
        let verdict = court.say(0, line());
        assert_eq!(verdict == Verdict::Void, void, "{change:?}: {verdict:?}");
    }
}

#[test]
fn whoever_let_it_in_and_knew_of_the_off_knew_better() {
    let mut court = Court::new();
    court.change(1, OFF);
    assert_eq!(court.say(1, line()), shown(1, 0));
    assert_eq!(court.say(0, line()), Verdict::Void);
}

#[test]
fn the_latest_word_counts() {
    let mut court = Court::new();
    court.change(1, OFF);
    court.change(2, ON);
    assert_eq!(court.say(0, line()), shown(2, 0));
    court.change(3, EXITED);
    // Late, and of an older version than what the log has told already.
    court.change(2, ON);
    assert_eq!(court.say(0, line()), Verdict::Void);
}

#[test]
fn another_ones_off_and_another_rooms_are_nothing_to_it() {
    let mut court = Court::new();
    court.hear(log::member(1, 1, OFF));
    let elsewhere = court.0.put(Fact::In(log::room(1), log::member(0, 1, OFF)));
    court.1.judge(elsewhere);
    assert_eq!(court.say(0, line()), shown(2, 0));
}

#[test]
fn a_record_is_void_as_a_whole() {
    let mut court = Court::new();
    court.change(1, OFF);
    let judged = court.hear(log::said(0, 0, vec![line(), named(1), named(1)]));
    assert_eq!(judged.verdicts, [Verdict::Void; 3]);
    assert_eq!(judged.shown, []);
}

#[test]
fn a_repeat_within_five_minutes_has_the_first_ones_id() {
    let mut court = Court::new();
    assert_eq!(court.say(0, named(1)), shown(0, 0));
    assert_eq!(court.after(WINDOW).say(0, named(1)), repeat(0, 0));
    // It counts from the last time that it came, shown or not.
    assert_eq!(court.after(WINDOW).say(0, named(1)), repeat(0, 0));
    assert_eq!(court.after(WINDOW + 1).say(0, named(1)), shown(3, 0));
}

#[test]
fn messages_without_an_id_of_the_senders_are_never_repeats() {
    let mut court = Court::new();
    assert_eq!(court.say(0, line()), shown(0, 0));
    assert_eq!(court.say(0, line()), shown(1, 0));
}

#[test]
fn another_sender_another_room_and_another_id_make_another_message() {
    let mut court = Court::new();
    court.say(0, named(1));
    assert_eq!(court.say(0, named(2)), shown(1, 0));
    assert_eq!(
        court.hear(log::said(1, 0, vec![named(1)])).verdicts,
        [shown(2, 0)]
    );
    let elsewhere = court
        .0
        .put(Fact::In(log::room(1), log::said(0, 0, vec![named(1)])));
    assert_eq!(court.1.judge(elsewhere).verdicts, [shown(3, 0)]);
}

#[test]
fn repeats_within_one_record_are_known() {
    let mut court = Court::new();
    court.say(0, named(1));
    let lines = vec![named(2), named(1), line(), named(2), named(3)];
    let judged = court.hear(log::said(0, 0, lines));
    assert_eq!(
        judged.verdicts,
        [
            shown(1, 0),
            repeat(0, 0),
            shown(1, 2),
            repeat(1, 0),
            shown(1, 4)
        ]
    );
    let ids: Vec<_> = judged.shown.iter().map(|shown| shown.message.id).collect();
    assert_eq!(ids, [id(1, 0), id(1, 2), id(1, 4)]);
}

#[test]
fn what_was_void_may_be_sent_again() {
    let mut court = Court::new();
    court.change(1, OFF);
    assert_eq!(court.say(0, named(1)), Verdict::Void);
    court.change(2, ON);
    assert_eq!(court.say(0, named(1)), shown(3, 0));
}

#[test]
fn what_was_shown_stays_so_for_a_repeat_that_comes_after_the_off() {
    let mut court = Court::new();
    court.say(0, named(1));
    court.change(1, OFF);
    assert_eq!(court.after(WINDOW).say(1, named(1)), repeat(0, 0));
    // But that does not make it last longer.
    court.change(2, ON);
    assert_eq!(court.after(1).say(4, named(1)), shown(4, 0));
}

#[test]
fn a_change_is_news_once() {
    let mut court = Court::new();
    for (version, change, fresh, kind) in [
        (1, JOINED, true, Some(MessageType::Enter)),
        (1, JOINED, false, None),
        (2, OFF, true, None),
        (3, EXITED, true, Some(MessageType::Exit)),
        (1, JOINED, false, None),
        (3, EXITED, false, None),
        (4, MADE, true, None),
        (5, EXITED, true, Some(MessageType::Exit)),
    ] {
        let judged = court.change(version, change.clone());
        let shown = judged.shown.first().map(|shown| shown.message.message_type);
        assert_eq!(
            (judged.fresh, shown),
            (fresh, kind),
            "{version}: {change:?}"
        );
        assert_eq!(judged.notice().is_some(), kind.is_some());
        assert_eq!(judged.verdicts, []);
    }
}

#[test]
fn what_no_verdict_turns_on_any_more_is_let_go_of() {
    let mut court = Court::new();
    for n in 0..100 {
        court.say(0, named(n));
        court.say(0, named(n));
        court.change(u64::from(n) + 1, ON);
    }
    court.after(limits::PRE_ROLL_MS + 1).say(0, line());
    let judge = &court.1;
    assert!(judge.heard.is_empty() && judge.heard_by_time.is_empty());
    assert!(judge.seats.is_empty() && judge.seats_by_time.is_empty());
}
