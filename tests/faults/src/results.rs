//! The table of what came of the scenarios, each as it was when it was last tried at full size.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::scenario::{ALL, Scenario};
use crate::trial::Outcome;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md");
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.json");
const HEAD: &str = "\
# What was survived

Written by `tests/faults/run --full`, on release binaries. Real parts, one broker, three nodes; each fault strikes while messages are in
flight. Outside clients write down what they send and get, and a judge who shares no code with the server reads that and the log.

| scenario | tried on | faults | sent | acknowledged | heard | in history | said again | cut off | lost | repeated | reordered | false receipts | gaps | next acknowledged in, at most | back in, at most | took |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";
/// What no machine of this kind can show.
const FOOT: &str = "
Not shown here: a loss of power, which takes what the system had not written yet; a network that parts machines from each other; the
throttling of AWS itself, whose answers a proxy gives here; several machines' clocks, which debug builds set wrong in `tests/run`
(`clocks`).
";

/// What came of one scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The day, as in 2026-01-31.
    pub(crate) on: String,
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

    fn cells(&self, name: &str) -> String {
        let Ok(outcome) = &self.outcome else {
            return format!("| {name} | {} | **failed** |\n", self.on);
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
        format!("| {name} | {} |{counts}{times}\n", self.on)
    }
}

/// A time in milliseconds; a line where there is none.
fn millis(time: Option<Duration>) -> String {
    time.map_or_else(|| "—".into(), |time| format!("{} ms", time.as_millis()))
}

/// Keeps these rows in the place of those of the same names, and writes the page of all.
///
/// # Panics
/// Where what is kept can't be read, or the page can't be written.
pub(crate) fn write(rows: impl IntoIterator<Item = (&'static Scenario, Row)>) {
    let kept = std::fs::read_to_string(KEPT).unwrap_or_else(|_| "{}".into());
    let mut kept: BTreeMap<String, Row> = serde_json::from_str(&kept).expect("rows");
    kept.extend(
        rows.into_iter()
            .map(|(scenario, row)| (scenario.name.into(), row)),
    );
    // What is not there any more is not shown any more.
    kept.retain(|name, _| ALL.iter().any(|known| known.name == name));
    let json = serde_json::to_string_pretty(&kept).expect("rows are JSON");
    std::fs::write(KEPT, json + "\n").expect("rows can be kept");
    let tried: Vec<_> = ALL
        .iter()
        .filter_map(|known| Some((known, kept.get(known.name)?)))
        .collect();
    let mut page = String::from(HEAD);
    for (known, row) in &tried {
        page.push_str(&row.cells(known.name));
    }
    page.push('\n');
    for (known, row) in &tried {
        let also = match &row.outcome {
            Ok(outcome) if !outcome.also.is_empty() => format!(" {}.", outcome.also),
            Ok(_) => String::new(),
            Err(error) => format!(" **Failed** after {} s: {error:?}.", row.took.as_secs()),
        };
        writeln!(page, "- **{}**: {}.{also}", known.name, known.about).expect("a string");
    }
    page.push_str(FOOT);
    std::fs::write(PAGE, page).expect("the page can be written");
}
