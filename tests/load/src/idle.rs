//! Idle: members who only listen, and how much of the server's memory each of them is.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, json};

use crate::Failure;
use crate::connection::Crowd;
use crate::enter::enter;
use crate::figures::{print, round};
use crate::plan::Plan;
use crate::process::own_kib;

/// The memory counts once it has stayed the same for so long, or after so long at all.
const STILL: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(30));
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(50);
/// KiB that are no change.
const SAME_KIB: u64 = 64;

#[allow(clippy::cast_precision_loss, reason = "counts of a run fit")]
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    // A server that has just begun to listen may still be seeing off those of its last run.
    let before = still_kib(plan, || {
        thread::sleep(LOOK);
        Ok(())
    })?;
    let entering = enter(plan)?;
    let mut crowd = Crowd::gather(plan, &entering)?;
    let kib = still_kib(plan, || crowd.turn(LOOK, |_, _| {}))?;
    let mut figures = Map::new();
    figures.insert("label".into(), json!(plan.label));
    figures.insert(
        "target".into(),
        json!(format!("{:?}", plan.target).to_lowercase()),
    );
    figures.insert("connections".into(), json!(entering.count));
    figures.insert("before_kib".into(), json!(before));
    figures.insert("with_kib".into(), json!(kib));
    let each = kib.saturating_sub(before) as f64 / entering.count as f64;
    figures.insert("kib_each".into(), round(each, 3));
    print(figures);
    Ok(())
}

/// The memory once it stays the same; `wait` is what goes on until the next look at it.
fn still_kib(plan: &Plan, mut wait: impl FnMut() -> Result<(), Failure>) -> Result<u64, Failure> {
    let begun = Instant::now();
    let (mut kib, mut since) = (own_kib(&plan.pid)?, Instant::now());
    while since.elapsed() < STILL.0 && begun.elapsed() < STILL.1 {
        wait()?;
        let now = own_kib(&plan.pid)?;
        if now.abs_diff(kib) > SAME_KIB {
            (kib, since) = (now, Instant::now());
        }
    }
    Ok(kib)
}
