//! The command line of the local run, by its own binary.

use std::io;
use std::process::{Command, Output};

fn roomtone(arguments: &[&str], settings: &[(&str, &str)]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_roomtone"))
        .args(arguments)
        .envs(settings.iter().copied())
        .output()
}

#[test]
fn help_tells_every_flag_and_its_variable() {
    let output = roomtone(&["--help"], &[]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for word in [
        "--port",
        "ROOMTONE_PORT",
        "18000",
        "--host",
        "ROOMTONE_HOST",
        "--data",
        "ROOMTONE_DATA",
    ] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
}

#[test]
fn a_wrong_setting_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (name, value) in [
        ("ROOMTONE_PORT", "70000"),
        ("ROOMTONE_SHARDS", "0"),
        ("ROOMTONE_LOG", "=="),
        ("SEARCH_URL", "search"),
        ("AUTH_HS256_SECRET", "too short"),
        ("ALLOWED_ORIGINS", "pages.example"),
    ] {
        let output = roomtone(&["--data", data.to_str().unwrap()], &[(name, value)]).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{name}");
        assert!(said.contains(name) && !said.contains(value), "{said}");
        assert!(!data.exists(), "{name}");
    }
}
