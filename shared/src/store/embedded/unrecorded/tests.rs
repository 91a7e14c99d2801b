//! The way to the recorder: nothing is lost on it, it wakes for the first and for many, and the log waits where it is full.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::store::embedded::tests::judged;

fn records(offsets: std::ops::Range<usize>) -> Vec<Recordable> {
    let recordable = |offset| Recordable {
        judged: judged(offset as u64),
        position: 0,
    };
    offsets.map(recordable).collect()
}

/// As the log's writer does.
fn put(unrecorded: &Unrecorded, records: Vec<Recordable>) {
    if unrecorded.put(records) {
        unrecorded.tell();
    }
}

async fn is_woken(recorder: &Recorder) -> Option<News> {
    timeout(Duration::ZERO, recorder.news()).await.ok()
}

#[tokio::test]
async fn it_is_woken_by_the_first_and_by_many_and_by_none_between() {
    let (unrecorded, recorder) = unrecorded();
    assert_eq!(is_woken(&recorder).await, None);
    put(&unrecorded, records(0..2));
    assert_eq!(is_woken(&recorder).await, Some(News::Some));
    put(&unrecorded, records(2..9));
    assert_eq!(is_woken(&recorder).await, None);
    put(&unrecorded, records(9..RECORDS_MAX));
    assert_eq!(is_woken(&recorder).await, Some(News::Many));
    let taken = recorder.take();
    let offsets = taken.iter().map(|r| r.record().offset);
    assert!(offsets.eq(0..RECORDS_MAX as u64));
    put(&unrecorded, records(0..1));
    assert_eq!(is_woken(&recorder).await, Some(News::Some));
    drop(unrecorded);
    assert_eq!(is_woken(&recorder).await, Some(News::Ended));
    assert_eq!(recorder.take().len(), 1);
}

#[test]
fn the_log_waits_where_it_is_full_until_some_are_taken() {
    const PIECE: usize = WAITING_MAX / 8 + 1;
    let (unrecorded, recorder) = unrecorded();
    let putting = std::thread::spawn(move || {
        (0..16).for_each(|_| put(&unrecorded, records(0..PIECE)));
    });
    let (mut taken, mut most) = (0, 0);
    while taken < 16 * PIECE {
        let some = recorder.take().len();
        (taken, most) = (taken + some, most.max(some));
        // The other is faster, as long as it may.
        while !putting.is_finished() && recorder.0.waiting().records.len() < WAITING_MAX {
            std::thread::yield_now();
        }
    }
    putting.join().unwrap();
    assert_eq!((taken, most), (16 * PIECE, 8 * PIECE));
}

#[test]
fn where_nobody_records_the_log_does_not_wait() {
    let (unrecorded, recorder) = unrecorded();
    put(&unrecorded, records(0..WAITING_MAX));
    let putting = std::thread::spawn(move || put(&unrecorded, records(0..1)));
    drop(recorder);
    putting.join().unwrap();
}
