//! Whether Redis is worth a try: after a failure it is left alone for a while. Pure: the time is passed in.

use std::time::{Duration, Instant};

/// Milliseconds after a failure in which nobody tries, and then between one try and the next until one succeeds.
const PAUSE_MS: u64 = 1_000;

/// How long a call may wait, and so what it means when that was not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// A moment: there is another way, which is better than waiting.
    Brief,
    /// Longer: there is no other way.
    Full,
    /// Longer, and always tried: it is the call that finds out whether Redis is back.
    Probe,
}

/// What became of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No answer came in time.
    Late,
    /// There is no connection, or the answer was an error.
    Broken,
}

/// The breaker. Brief calls have a circuit of their own: that Redis was too slow for those says nothing about
/// calls that may take longer.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    brief: Circuit,
    full: Circuit,
}

#[derive(Debug, Default)]
struct Circuit {
    /// When the next try may be; none while all is well.
    next_try: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be tried. Of those that come while Redis is away, one is let through each pause.
    pub(super) fn admits(&mut self, wait: Wait, now: Instant) -> bool {
        let Some(next_try) = self.circuit(wait).next_try.as_mut() else {
            return true;
        };
        let due = now >= *next_try;
        if due {
            *next_try = now + Duration::from_millis(PAUSE_MS);
        }
        due || wait == Wait::Probe
    }

    /// Notes an answer; true where Redis was away for such calls.
    pub(super) fn answered(&mut self, wait: Wait) -> bool {
        self.circuit(wait).next_try.take().is_some()
    }

    /// Notes a failure; true where Redis was not away for such calls.
    pub(super) fn failed(&mut self, wait: Wait, failure: Failure, now: Instant) -> bool {
        let next_try = Some(now + Duration::from_millis(PAUSE_MS));
        let was_well = self.circuit(wait).next_try.is_none();
        self.circuit(wait).next_try = next_try;
        if !(wait == Wait::Brief && failure == Failure::Late) {
            self.brief.next_try = next_try;
            self.full.next_try = next_try;
        }
        was_well
    }

    fn circuit(&mut self, wait: Wait) -> &mut Circuit {
        match wait {
            Wait::Brief => &mut self.brief,
            Wait::Full | Wait::Probe => &mut self.full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn after_a_failure_one_is_let_through_each_pause_until_one_succeeds() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        assert!(breaker.admits(Wait::Full, start));
        assert!(breaker.failed(Wait::Full, Failure::Broken, start));
        assert!(!breaker.admits(Wait::Full, after(start, PAUSE_MS - 1)));
        assert!(!breaker.admits(Wait::Brief, after(start, PAUSE_MS - 1)));
        assert!(breaker.admits(Wait::Full, after(start, PAUSE_MS)));
        assert!(!breaker.admits(Wait::Full, after(start, PAUSE_MS + 1)));
        assert!(!breaker.failed(Wait::Full, Failure::Late, after(start, PAUSE_MS)));
        assert!(breaker.admits(Wait::Full, after(start, 2 * PAUSE_MS)));
        assert!(breaker.answered(Wait::Full));
        assert!(breaker.admits(Wait::Full, after(start, 2 * PAUSE_MS)));
        assert!(!breaker.answered(Wait::Full));
    }

    #[test]
    fn the_probe_is_always_let_through_and_its_answer_counts_for_all_that_may_wait() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        assert!(breaker.failed(Wait::Full, Failure::Late, start));
        assert!(breaker.admits(Wait::Probe, start));
        assert!(!breaker.failed(Wait::Probe, Failure::Late, start));
        assert!(breaker.admits(Wait::Probe, start));
        assert!(breaker.answered(Wait::Probe));
        assert!(breaker.admits(Wait::Full, start));
    }

    #[test]
    fn what_is_too_late_for_a_brief_call_keeps_no_other_away() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        assert!(breaker.failed(Wait::Brief, Failure::Late, start));
        assert!(!breaker.admits(Wait::Brief, start));
        assert!(breaker.admits(Wait::Full, start));
        assert!(!breaker.answered(Wait::Full));
        assert!(!breaker.admits(Wait::Brief, start));
        assert!(!breaker.failed(Wait::Brief, Failure::Broken, start));
        assert!(!breaker.admits(Wait::Full, start));
    }
}
