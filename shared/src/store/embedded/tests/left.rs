//! What a crash leaves: a log that ends in the middle of a record, and tables that lag behind it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::{FILE, LOG_FILE, open};
use super::past::{append, said};
use crate::domain::room::RoomId;
use crate::store::Stores;

fn room() -> RoomId {
    RoomId::from_bytes([7; 16])
}

/// A folder in which so much was said; the tables are as they were after `recorded` of it.
async fn left(recorded: u64, count: u64) -> TempDir {
    let (folder, aside) = (super::folder(), super::folder());
    let stores = open(folder.path()).unwrap();
    let (mut from, to) = (0, [recorded, count]);
    let mut stores = Some(stores);
    for upto in to {
        let opened = stores.take().unwrap_or_else(|| reopen(folder.path()));
        for number in from..upto {
            append(&opened, said(0, &number.to_string())).await;
        }
        assert_eq!(opened.history.covered(room()).await.unwrap(), upto);
        close(opened, folder.path()).await;
        if upto == recorded {
            fs::copy(folder.path().join(FILE), aside.path().join(FILE)).unwrap();
        }
        from = upto;
    }
    fs::copy(aside.path().join(FILE), folder.path().join(FILE)).unwrap();
    folder
}

fn reopen(folder: &Path) -> Stores {
    open(folder).unwrap()
}

/// The files are let go of by the threads, a moment after the last of the stores was dropped.
async fn close(stores: Stores, folder: &Path) {
    drop(stores);
    let closed = async {
        while redb::Database::open(folder.join(FILE)).is_err() {
            tokio::task::yield_now().await;
        }
    };
    let within = std::time::Duration::from_secs(20);
    tokio::time::timeout(within, closed).await.unwrap();
}

fn log(folder: &TempDir) -> PathBuf {
    folder.path().join(LOG_FILE)
}

async fn own_ids(stores: &Stores) -> Vec<String> {
    let page = stores
        .history
        .after(room(), None, None, 1_000)
        .await
        .unwrap();
    let ids = page.into_iter().map(|a| a.message.client_message_id);
    ids.map(|id| id.unwrap().to_string()).collect()
}

fn numbers(count: u64) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn what_was_not_recorded_is_recorded_when_the_files_are_opened() {
    for (recorded, count) in [(0, 3), (3, 3), (3, 300), (300, 700)] {
        let folder = left(recorded, count).await;
        let stores = reopen(folder.path());
        assert_eq!(own_ids(&stores).await, numbers(count));
        assert_eq!(stores.history.summary(room()).await.unwrap().talks, count);
        assert_eq!(append(&stores, said(0, "next")).await.offset, count);
    }
}

#[tokio::test]
async fn a_record_that_was_never_finished_is_let_go_of() {
    let folder = left(2, 5).await;
    let whole = fs::read(log(&folder)).unwrap();
    let last = {
        // Where the fourth ends: all five are as long as each other.
        let each = (whole.len() - 16) / 5;
        16 + each * 4
    };
    for cut in [last + 1, last + 8, last + 9, whole.len() - 1] {
        fs::write(log(&folder), &whole[..cut]).unwrap();
        let stores = reopen(folder.path());
        assert_eq!(own_ids(&stores).await, numbers(4), "cut at {cut}");
        assert_eq!(append(&stores, said(0, "again")).await.offset, 4);
        assert_eq!(own_ids(&stores).await.len(), 5);
        close(stores, folder.path()).await;
        // The tables have recorded the new fifth now, so they begin anew with the log.
        fs::remove_file(folder.path().join(FILE)).unwrap();
    }
}

#[tokio::test]
async fn zeros_behind_the_log_are_let_go_of() {
    let folder = left(2, 5).await;
    let mut file = OpenOptions::new().append(true).open(log(&folder)).unwrap();
    file.write_all(&[0; 5_000]).unwrap();
    let stores = reopen(folder.path());
    assert_eq!(append(&stores, said(0, "5")).await.offset, 5);
    assert_eq!(own_ids(&stores).await, numbers(6));
}

#[tokio::test]
async fn a_log_that_lacks_what_is_recorded_of_it_is_refused() {
    let folder = left(5, 5).await;
    let whole = fs::read(log(&folder)).unwrap();
    for cut in [0, 16, whole.len() / 2, whole.len() - 1] {
        fs::write(log(&folder), &whole[..cut]).unwrap();
        let why = super::refused(&folder);
        assert!(why.to_string().contains("ends before"), "{cut}: {why}");
        if cut > 0 {
            assert_eq!(fs::read(log(&folder)).unwrap(), whole[..cut], "{cut}");
        }
    }
    fs::write(log(&folder), &whole).unwrap();
    assert_eq!(own_ids(&reopen(folder.path())).await, numbers(5));
}
