//! Every limit of the rules, with its unit. What an operator may change stands in `config`.

/// Characters in a user's id.
pub const UID_CHARS_MAX: usize = 64;
/// Characters in a nickname.
pub const NICKNAME_CHARS_MAX: usize = 40;
/// Characters in a URL.
pub const URL_CHARS_MAX: usize = 2_048;
/// Characters in the name of a playlist, a title, an artist and an id of the playlist server.
pub const NAME_CHARS_MAX: usize = 200;
/// Tracks in a playlist.
pub const MUSICS_MAX: usize = 500;
/// Characters in a message, after trimming.
pub const CONTENT_CHARS_MAX: usize = 2_000;
/// Characters in a sender's own id for a message.
pub const CLIENT_MESSAGE_ID_CHARS_MAX: usize = 128;
/// Messages in one record: in one STOMP transaction, or of those that a client sent at once.
pub const LINES_MAX: usize = 100;
/// Bytes of a client's own headers on one SEND, names and values together.
pub const OWN_HEADERS_BYTES_MAX: usize = 1_024;
/// Rooms a user is a member of at a time.
pub const ROOMS_PER_USER: usize = 4;
/// Members shown in a room's own `users`.
pub const ROOM_USERS_SHOWN: usize = 100;
/// How far unread messages are counted.
pub const UNREAD_MAX: u64 = 300;
/// Messages after the mark that a re-entry gives.
pub const REENTRY_NEW_MAX: usize = 300;
/// Messages up to the mark that a re-entry gives.
pub const REENTRY_BEFORE: usize = 20;
/// Entries in a page where none are asked for.
pub const PAGE_SIZE: usize = 12;
/// Entries in a page at most.
pub const PAGE_SIZE_MAX: usize = 20;
/// Messages in a page of the whole history.
pub const HISTORY_PAGE_SIZE_MAX: usize = 1_000;
/// Bytes at which a page ends early.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// Bytes in the body of a request.
pub const BODY_BYTES_MAX: usize = 256 << 10;
/// Milliseconds of the log's time within which a repeat is known by its `clientMessageId`.
pub const REPEAT_WINDOW_MS: u64 = 5 * 60 * 1_000;
/// Milliseconds of the log that a reader goes through before it judges; twice the window, so that it
/// judges like one that never stopped.
pub const PRE_ROLL_MS: u64 = 2 * REPEAT_WINDOW_MS;
/// Milliseconds that creating a room waits for the search server.
pub const INDEX_WAIT_MS: u64 = 500;
/// Milliseconds that a later try to index a room waits for the search server.
pub const REINDEX_WAIT_MS: u64 = 5_000;
/// Milliseconds after which somebody else puts an unwritten event into the log.
pub const PENDING_AGE_MS: u64 = 60_000;
/// Milliseconds for which a socket node's word that it lives counts.
pub const LEASE_MS: u64 = 10_000;
/// Milliseconds between two such words.
pub const LEASE_RENEWAL_MS: u64 = 3_000;
/// Milliseconds that Kafka keeps the log for at least; history keeps messages for good.
pub const LOG_RETENTION_MS: u64 = 7 * 24 * 3_600 * 1_000;
