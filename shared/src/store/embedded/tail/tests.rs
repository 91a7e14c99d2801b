//! The log's end: whoever follows it is given all from there on, in its groups.

use std::sync::mpsc;

use super::*;
use crate::store::embedded::tests::judged;

fn group(offsets: std::ops::Range<u64>) -> Group {
    offsets.map(judged).collect()
}

/// Follows; gives where that begins, and the offsets of each group that comes.
fn follow(tail: &Arc<Tail>) -> (Following, Vec<u64>, mpsc::Receiver<Vec<u64>>) {
    let (groups, coming) = mpsc::channel();
    let (told, from) = mpsc::channel();
    let begin: Begin = Box::new(move |from| {
        told.send(from).unwrap();
        Box::new(move |batch| {
            let offsets = batch.into_iter().map(|judged| judged.record.offset);
            groups.send(offsets.collect()).unwrap();
        })
    });
    let following = tail.follow(begin).expect("a log that goes on");
    (following, from.recv().unwrap(), coming)
}

#[test]
fn a_follower_is_given_every_group_from_where_it_began() {
    let tail = Arc::new(Tail::new(0));
    tail.push(&group(0..5));
    let (_following, from, groups) = follow(&tail);
    assert_eq!((from, tail.end()), (vec![5], 5));
    tail.push(&group(5..7));
    tail.push(&vec![]);
    tail.push(&group(7..8));
    assert_eq!(groups.try_iter().collect::<Vec<_>>(), [vec![5, 6], vec![7]]);
}

#[test]
fn a_follower_that_is_gone_is_given_nothing_and_keeps_nothing() {
    let tail = Arc::new(Tail::new(0));
    let (first, _, gone) = follow(&tail);
    let (_second, _, stays) = follow(&tail);
    drop(first);
    // Its sink is no more.
    assert_eq!(gone.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    let (_third, from, late) = follow(&tail);
    tail.push(&group(0..2));
    assert_eq!(stays.try_recv(), Ok(vec![0, 1]));
    assert_eq!((from, late.try_recv()), (vec![0], Ok(vec![0, 1])));
}

#[test]
fn where_nothing_more_comes_nobody_follows() {
    let tail = Arc::new(Tail::new(0));
    let (following, _, groups) = follow(&tail);
    tail.close();
    assert_eq!(groups.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    drop(following);
    assert!(tail.follow(Box::new(|_| Box::new(|_| {}))).is_none());
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
