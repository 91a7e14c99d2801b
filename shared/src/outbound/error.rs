//! Why a call to another server did not do what it should.

use thiserror::Error;

use super::ANSWER_BYTES_MAX;

/// Why a call did not do what it should. Names the server as `host:port` and never a path, a query or
/// a body: those may hold secrets. For the log, not for users.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OutboundError {
    /// The text is no address that can be called.
    #[error("{0}")]
    BadUrl(&'static str),
    /// The body to send could not be written as JSON.
    #[error("what was to be sent to {host} can't be written as JSON")]
    Unwritable {
        /// The server.
        host: String,
    },
    /// No connection, or it broke.
    #[error("{host} can't be reached: {cause}")]
    Unreachable {
        /// The server.
        host: String,
        /// What the connection said.
        cause: String,
    },
    /// No full answer in time.
    #[error("{host} did not answer within {after_ms} ms")]
    Timeout {
        /// The server.
        host: String,
        /// The time it had, in milliseconds.
        after_ms: u128,
    },
    /// An answer that is no success; redirects count as such.
    #[error("{host} answered {status}")]
    Status {
        /// The server.
        host: String,
        /// Its HTTP status.
        status: u16,
    },
    /// An answer over [`ANSWER_BYTES_MAX`].
    #[error("{host} answered with more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge {
        /// The server.
        host: String,
    },
    /// An answer that is not the JSON it should be.
    #[error(
        "{host} answered with something else than the JSON expected (line {line}, column {column})"
    )]
    Unreadable {
        /// The server.
        host: String,
        /// Line of the first thing that is wrong, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
    },
}
