//! Records of the log, which another program may have written: what can be read says the same when it is written again, the
//! judge takes it, and nothing of it stops anybody.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use roomtone_shared::domain::event::{Fact, Partition, Record};
use roomtone_shared::domain::judge::Judge;
use roomtone_shared::domain::time::Timestamp;

fuzz_target!(|octets: &[u8]| {
    let mut judge = Judge::new(1);
    // A line is a record, as Kafka keeps it; what cannot be read keeps its place.
    for (offset, line) in (0..).zip(octets.split(|octet| *octet == b'\n')) {
        let read = serde_json::from_slice::<Fact>(line);
        if let Ok(fact) = &read {
            let written = serde_json::to_vec(fact).expect("a fact is JSON");
            let again = serde_json::from_slice::<Fact>(&written).expect("what was written is read");
            assert_eq!(&again, fact);
        }
        let record = Record {
            partition: Partition::default(),
            offset,
            at: Timestamp::from_ms(offset * 1_000),
            append: None,
            fact: read.unwrap_or_else(|_| Fact::Unreadable(line.into())),
        };
        // As the log's file keeps it.
        if !matches!(record.fact, Fact::Unreadable(_)) {
            let packed = rmp_serde::to_vec_named(&record).expect("a record is packed");
            let unpacked = rmp_serde::from_slice::<Record>(&packed).expect("and unpacked");
            assert_eq!(unpacked, record);
        }
        judge.judge(Arc::new(record));
    }
    let _ = rmp_serde::from_slice::<Record>(octets);
});
