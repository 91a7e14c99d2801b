//! Starting, and what is said where that can't be.

use std::sync::Arc;

use roomtone_tests::folder::Folder;
use roomtone_tests::program;
use roomtone_tests::room::new_room;
use roomtone_tests::server::{Failed, Server, Starting};

async fn fails(starting: Starting) -> Failed {
    let failed = starting.try_start().await.expect_err("it can't start");
    assert!(
        !failed.status.success() && failed.status.code().is_some(),
        "{failed:?}"
    );
    assert!(!failed.output.contains("panicked"), "{}", failed.output);
    failed
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let server = Server::start().await;
    let port = server.address().port();
    let failed = fails(Starting::default().port(port)).await;
    assert!(
        failed.output.contains(&port.to_string()),
        "{}",
        failed.output
    );
    server.new_user().await;
}

#[tokio::test]
async fn a_broken_data_file_is_named_and_left_alone() {
    let server = Server::start().await;
    new_room(&server).await;
    let folder = server.kill().await;
    let size = |file: &std::path::PathBuf| std::fs::metadata(file).unwrap().len();
    let file = folder.files().into_iter().max_by_key(size).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let whole = std::fs::read(&file).unwrap();
    for broken in [vec![b'x'; whole.len()], whole[..whole.len() / 3].to_vec()] {
        std::fs::write(&file, &broken).unwrap();
        let failed = fails(Starting::default().on(folder.clone())).await;
        assert!(
            failed.output.contains(name),
            "{name} is not named: {}",
            failed.output
        );
        assert!(
            std::fs::read(&file).unwrap() == broken,
            "{name} was changed"
        );
    }
    std::fs::write(&file, whole).unwrap();
    Starting::default().on(folder).start().await;
}

#[tokio::test]
async fn data_in_use_is_not_shared() {
    let server = Server::start().await;
    let failed = fails(Starting::default().on(server.folder())).await;
    assert!(
        failed
            .output
            .contains(server.folder().path().to_str().unwrap()),
        "{}",
        failed.output
    );
    server.new_user().await;
}

#[tokio::test]
async fn a_wrong_setting_is_named_without_its_value() {
    for (name, value) in [
        ("ROOMTONE_SENDS_PER_S", "secret-value"),
        ("ROOMTONE_SUBSCRIPTIONS_MAX", "-17171"),
        ("ROOMTONE_WS_ECHO", "secret-value"),
        ("SEARCH_URL", "ftp://secret-value"),
        ("ALLOWED_ORIGINS", "secret-value"),
        ("AUTH_HS256_SECRET", "secret-value"),
    ] {
        let failed = fails(Starting::default().with(name, value)).await;
        assert!(
            failed.output.contains(name) && !failed.output.contains(value),
            "{}",
            failed.output
        );
    }
}

#[tokio::test]
async fn data_may_lie_in_a_folder_that_is_not_there_yet() {
    let folder = Arc::new(Folder::new());
    std::fs::remove_dir(folder.path()).unwrap();
    std::fs::create_dir(folder.path()).unwrap();
    let data = folder.path().join("new").join("data");
    let mut command = tokio::process::Command::new(program::path());
    command
        .arg("--port")
        .arg("0")
        .arg("--data")
        .arg(&data)
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true);
    let _child = command.spawn().unwrap();
    roomtone_tests::deadline::until("its data", async || {
        std::fs::read_dir(&data).ok()?.next().map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn help_tells_the_flags() {
    let output = tokio::process::Command::new(program::path())
        .arg("--help")
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("--port") && text.contains("--data"),
        "{text}"
    );
    let wrong = tokio::process::Command::new(program::path())
        .arg("--prot")
        .output()
        .await
        .unwrap();
    assert!(!wrong.status.success() && String::from_utf8(wrong.stderr).unwrap().contains("--prot"));
}

#[tokio::test]
async fn every_line_of_output_is_a_json_object() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    server.new_user().await.connect().await.enter(&room).await;
    for line in server.output() {
        let record: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(record["message"].is_string(), "{line}");
    }
}
