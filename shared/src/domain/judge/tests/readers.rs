//! What holds for every log: a judge says what the rules say, and a reader that began late says it too.

use proptest::prelude::*;

use super::super::*;
use super::log::Log;
use super::rules::Rules;
use super::steps::{LAG_MS, log_of, steps};

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
