//! A search server whose moods a test chooses. It knows nothing of the server that calls it.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::deadline::until;
use crate::http::{Listening, next_request};
use crate::room::texts;

/// How it takes what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It acknowledges.
    Accepts,
    /// It answers 503.
    Refuses,
    /// It reads and never answers.
    Hangs,
}

/// A search server on a port of its own.
#[derive(Debug)]
pub struct Search {
    listening: Listening,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    asked: usize,
    indexed: Vec<Value>,
}

impl Search {
    /// Starts one.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start(mood: Mood) -> Self {
        let state = Arc::new(Mutex::new(State {
            mood,
            asked: 0,
            indexed: vec![],
        }));
        let shared = state.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await;
        Self { listening, state }
    }

    /// Its address, for `SEARCH_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// Changes how it takes what it gets from now on.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    pub fn turn(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often it was asked, whatever came of it.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Waits until it has acknowledged all of these rooms.
    ///
    /// # Panics
    /// Where it has not before the deadline.
    pub async fn has_all(&self, rooms: &[String]) {
        until("every room in the index", || async {
            let indexed = texts(&self.indexed(), "roomId");
            rooms
                .iter()
                .all(|room| indexed.contains(room))
                .then_some(())
        })
        .await;
    }

    /// What it acknowledged.
    ///
    /// # Panics
    /// Where a test that held the state panicked.
    #[must_use]
    pub fn indexed(&self) -> Vec<Value> {
        self.state.lock().unwrap().indexed.clone()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = vec![];
    while let Some((line, body)) = next_request(&mut stream, &mut bytes).await {
        let mood = {
            let mut state = state.lock().unwrap();
            state.asked += 1;
            state.mood
        };
        let answer: &[u8] = match mood {
            Mood::Accepts if line == "POST /search/index/send HTTP/1.1" => {
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            }
            Mood::Accepts => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Mood::Refuses => b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            Mood::Hangs => std::future::pending().await,
        };
        if answer.starts_with(b"HTTP/1.1 200") {
            state
                .lock()
                .unwrap()
                .indexed
                .push(serde_json::from_slice(&body).expect("the server sends JSON"));
        }
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}
