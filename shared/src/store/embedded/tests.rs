//! What the files alone can show: logs of other times, what a crash leaves, and files that are not ours.

mod left;
mod past;

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::domain::event::{Fact, NodeId, Partition, Record};
use crate::domain::judge::{Judge, Judged};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use past::Past;

/// A record that changes nothing, as its judge has it.
pub(super) fn judged(offset: u64) -> Arc<Judged> {
    let record = Record {
        partition: Partition::default(),
        append: None,
        offset,
        at: Timestamp::from_ms(offset),
        fact: Fact::NodeGone(NodeId(offset)),
    };
    Arc::new(Judge::new(1).judge(Arc::new(record)))
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Why a folder's stores do not open.
fn refused(folder: &TempDir) -> OpenError {
    match open(folder.path()) {
        Ok(_) => panic!("it opened"),
        Err(why) => why,
    }
}

#[test]
fn a_file_opens_once_at_a_time() {
    let folder = folder();
    let _stores = open(folder.path()).unwrap();
    assert!(matches!(refused(&folder), OpenError::InUse(_)));
}

#[tokio::test]
async fn each_store_serves_for_as_long_as_somebody_has_it() {
    let folder = folder();
    let Stores {
        memberships, rooms, ..
    } = open(folder.path()).unwrap();
    // The log is gone, and so is whoever appended to it.
    let (room, uid) = (RoomId::new(), Uid::parse("uid", "u1").unwrap());
    for _ in 0..100 {
        let settled = memberships.settle(room, &uid, 1, None).await;
        assert_eq!(settled, Ok(()));
        tokio::task::yield_now().await;
    }
    assert_eq!(rooms.get(room).await, Ok(None));
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join(FILE);
    let text = "no database\n".repeat(1_000);
    fs::write(&path, &text).unwrap();
    let why = refused(&folder);
    assert!(matches!(why, OpenError::Broken { .. }), "{why}");
    assert!(why.to_string().contains("move it away"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_log_of_something_else_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join(LOG_FILE);
    fs::write(&path, "roomtone diary\n").unwrap();
    let why = refused(&folder);
    assert!(why.to_string().contains("no log of this version"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "roomtone diary\n");
}

#[test]
fn a_file_of_another_layout_is_refused() {
    let folder = folder();
    Past::in_folder(&folder).layout(9);
    let why = refused(&folder);
    assert!(matches!(why, OpenError::Broken { .. }), "{why}");
    assert!(why.to_string().contains("its layout is 9"), "{why}");
}

#[test]
fn a_file_where_the_folder_should_be_is_named() {
    let folder = folder();
    let path = folder.path().join("taken");
    fs::write(&path, "").unwrap();
    let Err(why) = open(&path) else {
        panic!("it opened")
    };
    assert!(
        matches!(&why, OpenError::Folder { path: named, .. } if *named == path),
        "{why}"
    );
}
