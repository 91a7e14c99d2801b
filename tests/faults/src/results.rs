//! The table of what came of the scenarios.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::trial::Outcome;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md");
const HEAD: &str = "\
# What was survived

Written by `tests/faults/run --full`. Real parts, one broker, three nodes; each fault strikes while messages are in flight. Outside clients
write down what they send and get, and a judge who shares no code with the server reads that and the log.

| scenario | faults | sent | acknowledged | heard | in history | said again | cut off | lost | repeated | reordered | false receipts | gaps | next acknowledged in, at most | back in, at most | took |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// What came of one scenario.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) took: Duration,
    /// What it panicked of, where it did.
    pub(crate) outcome: Result<Outcome, String>,
}

impl Row {
    /// Whether nothing is wrong.
    pub(crate) fn holds(&self) -> bool {
        self.outcome
            .as_ref()
            .is_ok_and(|outcome| outcome.faults > 0 && outcome.verdict.holds())
    }

    /// It in a few lines.
    pub(crate) fn line(&self) -> String {
        match &self.outcome {
            Err(error) => format!("  FAILED after {} s: {error}", self.took.as_secs()),
            Ok(outcome) => {
                let word = if self.holds() { "holds" } else { "FAILED" };
                format!(
                    "  {word}: {} faults, the next acknowledged in {}, the first back in {}, {} in history, {} s; {}\n  {}",
                    outcome.faults,
                    millis(outcome.acknowledged_in),
                    millis(outcome.back_in),
                    outcome.archived,
                    self.took.as_secs(),
                    outcome.also,
                    serde_json::to_string(&outcome.verdict).expect("a verdict is JSON")
                )
            }
        }
    }

    fn cells(&self) -> String {
        let Ok(outcome) = &self.outcome else {
            return format!("| {} | **failed** |\n", self.name);
        };
        let v = &outcome.verdict;
        let counts = [
            outcome.faults,
            v.sent,
            v.acknowledged,
            v.heard,
            outcome.archived,
            v.said_again,
            v.cut_off,
            v.lost,
            v.repeated,
            v.reordered,
            v.false_receipts,
            v.gaps,
        ];
        let counts: String = counts.iter().map(|count| format!(" {count} |")).collect();
        let times = format!(
            " {} | {} | {} s |",
            millis(outcome.acknowledged_in),
            millis(outcome.back_in),
            self.took.as_secs()
        );
        format!("| {} |{counts}{times}\n", self.name)
    }
}

/// A time in milliseconds; a line where there is none.
fn millis(time: Option<Duration>) -> String {
    time.map_or_else(|| "—".into(), |time| format!("{} ms", time.as_millis()))
}

/// Writes the page.
///
/// # Panics
/// Where it can't be written.
pub(crate) fn write(rows: &[Row]) {
    let mut page = String::from(HEAD);
    rows.iter().for_each(|row| page.push_str(&row.cells()));
    page.push('\n');
    for row in rows {
        let also = match &row.outcome {
            Ok(outcome) if !outcome.also.is_empty() => format!(" {}.", outcome.also),
            _ => String::new(),
        };
        writeln!(page, "- **{}**: {}.{also}", row.name, row.about).expect("a string");
    }
    std::fs::write(Path::new(PAGE), page).expect("the page can be written");
}
