//! The ring waits for the slowest shard, and for none that has ended.

use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use roomtone_shared::domain::event::{Fact, Record};
use roomtone_shared::domain::judge::Judge;
use roomtone_shared::domain::time::Timestamp;

use super::*;

fn entry(place: u64) -> Arc<Entry> {
    let record = Record {
        partition: Partition(0),
        offset: place,
        at: Timestamp::default(),
        append: None,
        fact: Fact::Unreadable([].into()),
    };
    let judged = Arc::new(Judge::new(0).judge(Arc::new(record)));
    Entry::new(place, (judged, Instant::now()), vec![])
}

/// Pushes so many entries, one by one, on a thread of its own; tells how many there are.
fn push(ring: &Arc<Ring>, count: u64) -> (std::thread::JoinHandle<()>, Arc<AtomicUsize>) {
    let (ring, pushed) = (ring.clone(), Arc::new(AtomicUsize::new(0)));
    let told = pushed.clone();
    let pushing = std::thread::spawn(move || {
        for place in 0..count {
            ring.push(vec![entry(place)]);
            told.fetch_add(1, Ordering::SeqCst);
        }
    });
    (pushing, pushed)
}

#[test]
fn the_slowest_shard_is_waited_for() {
    const ALL: u64 = 3 * ENTRIES_MAX as u64;
    let ring = Arc::new(Ring::new(vec![0], 2));
    let (pushing, pushed) = push(&ring, ALL);
    // One is always as far as it can be, and the other a step behind what may wait for it.
    let (mut fast, mut slow) = (0, 0);
    while slow < ALL {
        fast += ring.read(fast, usize::MAX).len() as u64;
        ring.took(0, fast);
        let waiting = pushed.load(Ordering::SeqCst) as u64 - slow;
        assert!(waiting <= ENTRIES_MAX as u64, "{waiting}");
        if fast == ALL || fast - slow == ENTRIES_MAX as u64 {
            slow += ring.read(slow, 1_000).len() as u64;
            ring.took(1, slow);
        }
        std::thread::yield_now();
    }
    pushing.join().unwrap();
    assert_eq!((fast, slow, *ring.follow().borrow()), (ALL, ALL, ALL));
}

#[test]
fn a_shard_that_has_ended_is_not_waited_for() {
    const ALL: u64 = 2 * ENTRIES_MAX as u64;
    let ring = Arc::new(Ring::new(vec![0], 1));
    let (pushing, pushed) = push(&ring, ALL);
    while pushed.load(Ordering::SeqCst) < ENTRIES_MAX {
        std::thread::yield_now();
    }
    ring.took(0, u64::MAX);
    pushing.join().unwrap();
    assert_eq!(*ring.follow().borrow(), ALL);
}
