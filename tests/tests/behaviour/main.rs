//! What Roomtone does, seen from outside: every test starts the real server and talks to it over TCP.
//!
//! No test knows how it is done. `stomp` is the protocol, octet by octet; the others are the rules of the chat.

// All of this is test code, where a broken expectation must stop the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod api_pages;
mod at_once;
mod auth;
mod authorisation;
mod burst;
mod crash;
mod create;
mod drain;
mod exit;
mod four_rooms;
mod gaps;
mod headers;
mod http;
mod indexing;
mod join;
mod leave;
mod lists;
mod now_playing;
mod presence;
mod refusals;
mod repeats;
mod resume;
mod sends;
mod start;
mod stomp;
mod switch_races;
mod topics;
mod unread;
mod websocket;
