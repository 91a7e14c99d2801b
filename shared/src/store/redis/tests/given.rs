//! What the tests need: a place in Redis, values to keep, and a way to Redis that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{IntoConnectionInfo, Value};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::breaker::Wait;
use super::super::client::{Redis, RedisSettings};
use crate::config::Env;
use crate::domain::message::{Message, MessageId, MessageType};
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::{Profile, Uid};
use crate::store::Archived;

/// How long a condition may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn url() -> String {
    let env = Env::process();
    let url = env.text("REDIS_URL");
    url.expect("REDIS_URL must be set; localstack/up says to what")
        .into()
}

/// Keys of one test's own.
pub(crate) fn prefix() -> String {
    format!("test-{}:", uuid::Uuid::new_v4().simple())
}

pub(crate) fn at(url: &str, prefix: &str) -> Redis {
    let settings = RedisSettings {
        url: url.into(),
        prefix: prefix.into(),
        timeout: Duration::from_millis(250),
    };
    Redis::new(&settings).unwrap()
}

/// Runs one command, whatever that takes.
pub(crate) async fn command(redis: &Redis, command: &redis::Cmd) -> Value {
    let mut pipeline = redis::pipe();
    pipeline.add_command(command.clone());
    let (answer,) = sure(async || redis.pipe::<(Value,)>(Wait::Full, &pipeline).await.ok()).await;
    answer
}

/// Removes all keys of a test. In one step: nobody sees half of it.
pub(crate) async fn lose_all(redis: &Redis) {
    let mut lose = redis::cmd("EVAL");
    lose.arg("for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end");
    command(redis, lose.arg(0).arg(redis.key("*"))).await;
}

/// Asks again until there is an answer.
pub(crate) async fn sure<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn user(uid: &str) -> Profile {
    Profile {
        uid: Uid::parse("uid", uid).unwrap(),
        nick_name: uid.into(),
        profile_image: None,
    }
}

pub(crate) fn archived(room: RoomId, epoch: u16, offset: u64, content: &str) -> Archived {
    let id = MessageId {
        epoch,
        offset,
        index: 0,
    };
    Archived {
        message: Message {
            id,
            room_id: room,
            message_type: MessageType::Talk,
            sender_id: user("u1").uid,
            nick_name: "u1".into(),
            sender_profile_image: None,
            content: content.into(),
            created_at: Timestamp::from_ms(offset),
            current_music_id: "m".into(),
            position_ms: 0,
            client_message_id: None,
        },
        headers: vec![],
    }
}

/// A way to Redis that can be cut, frozen, and opened again.
pub(crate) struct Way {
    address: SocketAddr,
    is: watch::Sender<State>,
    closed: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// Nothing comes through, and nobody is told.
    Frozen,
    /// Connections are closed, and so are new ones.
    Cut,
}

impl Way {
    pub(crate) async fn new(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is, state) = watch::channel(state);
        let closed = Arc::default();
        tokio::spawn(carry(listener, state, Arc::clone(&closed)));
        Self {
            address,
            is,
            closed,
        }
    }

    /// How many connections were closed on this way.
    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn set(&self, state: State) {
        self.is.send_replace(state);
    }
}

async fn carry(listener: TcpListener, state: watch::Receiver<State>, closed: Arc<AtomicUsize>) {
    let info = url().into_connection_info().unwrap();
    let redis = info.addr().to_string();
    let mut ways = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let (mut state, redis, closed) = (state.clone(), redis.clone(), closed.clone());
        ways.spawn(async move {
            let mut far = TcpStream::connect(redis).await.unwrap();
            while *state.borrow_and_update() != State::Cut {
                let open = *state.borrow() == State::Open;
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far), if open => break,
                    _ = state.changed() => {}
                }
            }
            drop(near);
            closed.fetch_add(1, Ordering::SeqCst);
        });
    }
}
