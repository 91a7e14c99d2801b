//! Faults of what Roomtone stands on and of Roomtone itself, provoked while people talk; how that is run: `tests/faults/run`.
//!
//! | file | what |
//! |---|---|
//! | `scenario/` | one fault each |
//! | `trial` | the course of a scenario |
//! | `crowd` · `person` | people who talk and listen, and come back |
//! | `notes` · `judge` | what they write down of it, and what that says |
//! | `scale` | how much of all that |
//! | `random` | numbers that are the same in every run |
//! | `proxy` | a fault between Roomtone and a part |
//! | `results` | the table |

// All of this is test code, where a broken expectation must stop the scenario at once; what it prints is what it is for.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod crowd;
mod judge;
mod notes;
mod person;
mod proxy;
mod random;
mod results;
mod scale;
mod scenario;
mod trial;

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use results::Row;
use scale::Scale;
use scenario::{ALL, Scenario};

const USAGE: &str = "tests/faults/run [--full | --list] [NAME …]";

/// How tests/run says until when scenarios may begin, in seconds since 1970: on a machine too slow for all of them in the time
/// there is, the others count as left out.
const UNTIL: &str = "--until=";

/// How the script says which day it is.
const ON: &str = "--on=";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let (mut scale, mut names, mut on) = (Scale::Small, vec![], String::new());
    let mut until = u64::MAX;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--full" => scale = Scale::Full,
            day if day.starts_with(ON) => day[ON.len()..].clone_into(&mut on),
            end if end.starts_with(UNTIL) => {
                until = end[UNTIL.len()..].parse().expect("seconds since 1970");
            }
            "--list" => {
                ALL.iter()
                    .for_each(|known| println!("{:<20} {}", known.name, known.about));
                return ExitCode::SUCCESS;
            }
            name if ALL.iter().any(|known| known.name == name) => names.push(argument),
            other => {
                eprintln!("{other}: no such scenario; {USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let wanted =
        |known: &&Scenario| names.is_empty() || names.iter().any(|name| name == known.name);
    let (mut rows, mut left_out) = (vec![], 0);
    for scenario in ALL.iter().filter(wanted) {
        println!("{}: {}", scenario.name, scenario.about);
        if !scenario.can_run() {
            println!("  left out: it needs a debug build");
            continue;
        }
        if now() >= until {
            println!("  left out: there is no time for it");
            left_out += 1;
            continue;
        }
        let row = run(scenario, scale, &on).await;
        println!("{}", row.line());
        if scale == Scale::Full {
            // At once: all of them take hours.
            results::write([(scenario, row.clone())]);
        }
        rows.push(row);
    }
    let failed = rows.iter().filter(|row| !row.holds()).count();
    // As cargo's tests say it, so that whoever counts those can count these.
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test result: {word}. {} passed; {failed} failed; {left_out} ignored;",
        rows.len() - failed
    );
    ExitCode::from(u8::from(failed > 0))
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock that was set").as_secs()
}

/// Runs one by itself: what it panics of is its own failure.
async fn run(scenario: &Scenario, scale: Scale, on: &str) -> Row {
    let begun = Instant::now();
    let outcome = tokio::spawn((scenario.run)(scale)).await;
    Row {
        on: on.into(),
        took: begun.elapsed(),
        outcome: outcome.map_err(|error| error.to_string()),
    }
}
