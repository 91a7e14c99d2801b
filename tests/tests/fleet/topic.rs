//! The topic of the log is not as it must be: a node says so at its start, and changes nothing.

use roomtone_tests::room::{listen, new_room, texts};
use roomtone_tests::server::{Failed, Server, Starting};
use roomtone_tests::topic::Topic;
use roomtone_tests::user::User;
use serde_json::Value;

/// Settings that the topic must have, but for the one that a test gives another value.
const SETTINGS: [(&str, &str); 4] = [
    ("message.timestamp.type", "LogAppendTime"),
    ("cleanup.policy", "delete"),
    ("retention.ms", "1209600000"),
    ("retention.bytes", "-1"),
];

/// It ends by itself, and says all of this.
async fn refuses(starting: Starting, words: &[&str]) -> Failed {
    let failed = starting.try_start().await.expect_err("it can't start");
    assert!(
        failed.status.code().is_some_and(|code| code != 0),
        "{failed:?}"
    );
    assert!(!failed.output.contains("panicked"), "{}", failed.output);
    for word in words {
        assert!(failed.output.contains(word), "{word}: {}", failed.output);
    }
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn a_topic_made_anew_is_refused_and_a_new_epoch_begins_only_when_told() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    for n in 0..5 {
        client.say(&room, &n.to_string()).await;
    }
    let before = texts(&user.history(&room).await, "id");
    let topic = Topic::of(&server);
    let folder = server.kill().await;
    topic.delete().await;

    let again = || Starting::unhurried().on(folder.clone());
    refuses(
        again(),
        &["the topic was made anew", "ROOMTONE_NEW_EPOCH=1"],
    )
    .await;
    // What is no answer to that is none the second time either.
    refuses(
        again().with("ROOMTONE_NEW_EPOCH", 2),
        &["the topic was made anew"],
    )
    .await;
    let server = again().with("ROOMTONE_NEW_EPOCH", 1).start().await;
    let user = user.at(&server);
    assert_eq!(
        texts(&user.history(&room).await, "id"),
        before,
        "history is kept"
    );
    goes_on(&server, &user, &room, &before).await;

    // From here on nobody has to be told.
    let folder = server.kill().await;
    let server = Starting::unhurried().on(folder).start().await;
    let user = user.at(&server);
    let history = texts(&user.history(&room).await, "id");
    assert!(history.starts_with(&before) && history.len() > before.len());
}

/// Chat goes on in the new epoch; who was there in the old one is told of the gap.
async fn goes_on(server: &Server, user: &User, room: &str, before: &[String]) {
    let client = user.connect().await;
    client.join(room).await;
    let said = client.say(room, "a new beginning").await;
    assert!(
        said.starts_with("0001") && Some(&said) > before.last(),
        "{said}"
    );
    user.recorded(room).await;
    let since = &before[2];
    let other = user.at(server).connect().await;
    other.done(listen(room).with("since", since)).await;
    let gap = other.heard(room).await;
    let expected = ["GAP", since.as_str(), said.as_str()].map(Value::from);
    assert_eq!(
        ["messageType", "after", "before"].map(|name| gap[name].clone()),
        expected
    );
    assert_eq!(
        texts(&other.heard_until(room, &said).await, "id"),
        [said.as_str()]
    );
    let live = client.say(room, "and on").await;
    assert_eq!(texts(&other.heard_until(room, &live).await, "id"), [live]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn another_number_of_partitions_is_refused() {
    let server = Server::start().await;
    let topic = Topic::of(&server);
    let folder = server.kill().await;
    topic.grow(8).await;
    let words = ["has 8 partitions", "rooms were put into 4"];
    refuses(Starting::default().on(folder), &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn a_topic_that_is_kept_otherwise_is_refused_and_the_setting_named() {
    for (name, wrong) in [
        ("message.timestamp.type", "CreateTime"),
        ("cleanup.policy", "compact"),
        ("retention.ms", "3600000"),
        ("retention.bytes", "1073741824"),
    ] {
        let mut starting = Starting::default();
        let topic = Topic::for_folder(starting.folder().path());
        let settings = SETTINGS.map(|(of, right)| (of, if of == name { wrong } else { right }));
        topic.create(&settings).await;
        refuses(starting, &[&format!("{name}={wrong}"), "must have"]).await;
    }
}
