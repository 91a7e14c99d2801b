//! Measures what a record costs a node that needs nothing of it: its JSON is read, and it is judged. Kafka's client, the ring
//! and the shards are not in it. The figures go into `costs.rs`.

use std::sync::Arc;

use roomtone_shared::domain::event::{Partition, Record};
use roomtone_shared::domain::judge::Judge;
use roomtone_shared::domain::time::Timestamp;

use super::records::Records;
use crate::Failure;
use crate::process::{cpu_s, resident_kib};

const RECORDS: u64 = 400_000;
/// Milliseconds of the log that they are spread over: less than a judge remembers.
const LOG_MS: u64 = 240_000;

/// Microseconds of CPU time for a record, and bytes that a judge keeps of it.
pub(super) fn run() -> Result<(f64, f64), Failure> {
    let mut records = Records::new(1);
    let mut values = vec![];
    for _ in 0..RECORDS {
        values.push(records.draw()?.1);
    }
    let mut judge = Judge::new(0);
    let own = [std::process::id()];
    let (before, begun_s) = (resident_kib(&own)?, cpu_s(&own)?);
    let mut shown = 0;
    for (offset, value) in (0..).zip(&values) {
        let record = Record {
            partition: Partition(0),
            offset,
            at: Timestamp::from_ms(offset * LOG_MS / RECORDS),
            append: None,
            fact: serde_json::from_slice(value)?,
        };
        shown += judge.judge(Arc::new(record)).shown.len();
    }
    let us = (cpu_s(&own)? - begun_s) * 1e6 / RECORDS as f64;
    let kept = resident_kib(&own)?.saturating_sub(before) * 1_024;
    if shown as u64 != RECORDS {
        return Err("a message was not shown".into());
    }
    Ok((us, kept as f64 / RECORDS as f64))
}
