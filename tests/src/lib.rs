//! A harness for tests that stand outside: it starts the real server as a process of its own and talks to it
//! over TCP alone.
//!
//! It must not know the server's code. What it speaks (HTTP, WebSocket, STOMP) it speaks by itself, so that a
//! mistake can't stand on both sides; and it can say what no well-behaved client says.
//!
//! | file | what |
//! |---|---|
//! | `server` · `fleet` | the server as one process, or as a fleet on the real parts |
//! | `process` · `program` · `folder` | a process, its binary, its data |
//! | `http` · `socket` · `frame` | the wire: requests, WebSocket frames, STOMP frames |
//! | `raw` | a STOMP connection for any octets |
//! | `client` · `inbox` | a STOMP client that does what clients do |
//! | `user` · `room` | who acts, and the room they act in |
//! | `journal` | the log of the one process, read from its file |
//! | `archive` | the log and what was archived of it, by clients of others |
//! | `topic` | the topic of a fleet's log, as its operator handles it |
//! | `part` · `port` | a real part that a test stops and starts, and the ports for it |
//! | `told` | what clients were told, which history must have |
//! | `token` · `search` · `collector` | the parties around it: who signs, who indexes, who gets traces |
//! | `deadline` · `settings` | how long a test waits, and what may be set |

// All of this is test code, where a broken expectation must stop the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

pub mod archive;
pub mod client;
pub mod collector;
pub mod deadline;
pub mod figures;
pub mod fleet;
pub mod folder;
pub mod frame;
pub mod http;
pub mod inbox;
pub mod journal;
pub mod part;
pub mod port;
pub mod process;
pub mod program;
pub mod raw;
pub mod room;
pub mod search;
pub mod server;
pub mod settings;
pub mod socket;
pub mod token;
pub mod told;
pub mod topic;
pub mod user;
