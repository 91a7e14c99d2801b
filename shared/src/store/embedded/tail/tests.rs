//! The tail in memory: the newest records, and none where older ones are asked for.

use super::*;
use crate::domain::event::{Fact, NodeId, Partition};
use crate::domain::time::Timestamp;

fn records(offsets: std::ops::Range<u64>) -> Vec<Arc<Record>> {
    let record = |offset| Record {
        partition: Partition::default(),
        append: None,
        offset,
        at: Timestamp::from_ms(offset),
        fact: Fact::NodeGone(NodeId(offset)),
    };
    offsets.map(|offset| Arc::new(record(offset))).collect()
}

#[test]
fn what_is_no_longer_in_memory_is_asked_of_the_file() {
    let (tail, full) = (Tail::new(0), TAIL_RECORDS as u64);
    assert_eq!(tail.read(0, 10), None);
    tail.push(records(5..full));
    assert_eq!(tail.read(4, 10), None);
    assert_eq!(tail.read(5, 10), Some(records(5..15)));
    tail.push(records(full..full + 100));
    assert_eq!(tail.read(99, 10), None);
    assert_eq!(tail.read(100, 10), Some(records(100..110)));
    assert_eq!(
        tail.read(full + 95, 10),
        Some(records(full + 95..full + 100))
    );
    assert_eq!(tail.read(full + 100, 10), Some(vec![]));
    assert_eq!(tail.read(u64::MAX, 10), Some(vec![]));
}

#[test]
fn followers_are_told_of_what_can_be_read_and_of_nothing_else() {
    let tail = Tail::new(0);
    let mut end = tail.follow();
    tail.push(vec![]);
    assert!(!end.has_changed().unwrap());
    tail.push(records(0..7));
    assert!(end.has_changed().unwrap());
    assert_eq!(*end.borrow_and_update(), 7);
}
