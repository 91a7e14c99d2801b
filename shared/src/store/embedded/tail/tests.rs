//! The log's end: whoever follows it is given all from there on, in its groups.

use super::*;
use crate::store::embedded::tests::judged;

fn group(offsets: std::ops::Range<u64>) -> Group {
    offsets.map(judged).collect()
}

fn offsets(group: &Group) -> Vec<u64> {
    group.iter().map(|judged| judged.record.offset).collect()
}

#[test]
fn a_follower_is_given_every_group_from_where_it_began() {
    let tail = Tail::new(0);
    tail.push(&group(0..5));
    let (from, mut groups) = tail.follow();
    assert_eq!((from, tail.end()), (5, 5));
    tail.push(&group(5..7));
    tail.push(&vec![]);
    tail.push(&group(7..8));
    assert_eq!(offsets(&groups.blocking_recv().unwrap()), [5, 6]);
    assert_eq!(offsets(&groups.blocking_recv().unwrap()), [7]);
    assert!(groups.is_empty());
}

#[test]
fn a_follower_that_is_gone_keeps_nobody_waiting() {
    let tail = Tail::new(0);
    let (_, gone) = tail.follow();
    let (_, mut stays) = tail.follow();
    drop(gone);
    for offset in 0..2 * GROUPS_MAX as u64 {
        tail.push(&group(offset..offset + 1));
        assert_eq!(offsets(&stays.blocking_recv().unwrap()), [offset]);
    }
}

#[test]
fn the_log_waits_for_a_follower_that_is_far_behind() {
    let tail = Arc::new(Tail::new(0));
    let (_, mut groups) = tail.follow();
    let pushing = tail.clone();
    let all = 3 * GROUPS_MAX as u64;
    let pusher = std::thread::spawn(move || {
        (0..all).for_each(|offset| pushing.push(&group(offset..offset + 1)));
    });
    for offset in 0..all {
        assert_eq!(offsets(&groups.blocking_recv().unwrap()), [offset]);
        assert!(tail.end() <= offset + GROUPS_MAX as u64 + 2);
    }
    pusher.join().unwrap();
}

#[test]
fn the_end_is_told_of_what_is_durable_and_of_nothing_else() {
    let tail = Tail::new(0);
    let mut end = tail.watch();
    tail.push(&vec![]);
    assert!(!end.has_changed().unwrap());
    tail.push(&group(0..7));
    assert!(end.has_changed().unwrap());
    assert_eq!(*end.borrow_and_update(), 7);
}
