//! STOMP 1.0, 1.1 and 1.2 as octets: client frames in, server frames out.
//!
//! Pure: no socket, no clock, no task. It knows how a frame is written, and nothing of what a
//! frame means: destinations, sessions, receipts and rooms are for the layers above.
//!
//! In: [`Decoder`] takes whatever pieces the transport delivers and gives whole [`Frame`]s.
//! Out: [`ServerFrame`] for CONNECTED, RECEIPT and ERROR; [`MessageHead`] for MESSAGE, where the
//! part that never changes is encoded once.
//!
//! # How the versions differ here
//!
//! | | 1.0 | 1.1 | 1.2 |
//! |---|---|---|---|
//! | escapes, both ways (never in CONNECT, STOMP, CONNECTED) | none | `\n \c \\` | `\r \n \c \\` |
//! | a line ends in | LF or CRLF | LF or CRLF | LF or CRLF |
//! | a CR elsewhere in a line | an octet like others | an octet like others | an error |
//!
//! A NUL in a command or header line is an error in every version, and in CONNECT a CR is too.
//! Header values are never trimmed.

mod body;
mod command;
mod decoder;
mod encode;
mod error;
mod escape;
mod head;
mod headers;
mod limits;
mod line;
mod message;
mod unfinished;
mod version;

#[cfg(test)]
pub(crate) mod tests;

pub use command::Command;
pub use decoder::Decoder;
pub use encode::{Connected, ErrorFrame, ServerFrame, UnsendableValue};
pub use error::FrameError;
pub use headers::Headers;
pub use limits::FrameLimits;
pub use message::MessageHead;
pub use unfinished::Frame;
pub use version::{NoCommonVersion, Version};
