//! What can go wrong, in words that may be shown to whoever asked.
//!
//! The inside story of a failure (a store's own words) is logged where it happens and is not in here.

use thiserror::Error;

/// Why an operation was refused. Each edge (HTTP, STOMP) turns it into its own form in one place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The input cannot be read: not JSON, a wrong type, a bad cursor.
    #[error("{0}")]
    Malformed(String),
    /// No token, or one that does not hold.
    #[error("{0}")]
    Unauthenticated(String),
    /// Known, but not allowed.
    #[error("{0}")]
    Forbidden(String),
    /// No such thing.
    #[error("{0}")]
    NotFound(String),
    /// At odds with what is there.
    #[error("{0}")]
    Conflict(String),
    /// Longer than a limit.
    #[error("{0}")]
    TooLarge(String),
    /// Readable, but a field is missing or against a rule.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field, as it is named in the input.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Faster than a limit.
    #[error("{what}; try again in {retry_after_s} s")]
    TooFast {
        /// Which limit.
        what: String,
        /// Seconds after which it is worth trying again.
        retry_after_s: u64,
    },
    /// A part that is needed does not answer.
    #[error("{0} is not available right now")]
    Unavailable(&'static str),
}

/// Every kind of error, as [`Error::kind`] names them.
pub const KINDS: [&str; 9] = [
    "malformed",
    "unauthenticated",
    "forbidden",
    "not-found",
    "conflict",
    "too-large",
    "invalid",
    "too-fast",
    "unavailable",
];

impl Error {
    /// The kind of error in a word, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let [
            malformed,
            unauthenticated,
            forbidden,
            not_found,
            conflict,
            too_large,
            invalid,
            too_fast,
            unavailable,
        ] = KINDS;
        match self {
            Self::Malformed(_) => malformed,
            Self::Unauthenticated(_) => unauthenticated,
            Self::Forbidden(_) => forbidden,
            Self::NotFound(_) => not_found,
            Self::Conflict(_) => conflict,
            Self::TooLarge(_) => too_large,
            Self::Invalid { .. } => invalid,
            Self::TooFast { .. } => too_fast,
            Self::Unavailable(_) => unavailable,
        }
    }

    /// A field that is missing or against a rule.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The number that both edges answer with (HTTP's statuses, RFC 9110 section 15).
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unauthenticated(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::TooLarge(_) => 413,
            Self::Invalid { .. } => 422,
            Self::TooFast { .. } => 429,
            Self::Unavailable(_) => 503,
        }
    }

    /// A short name of the kind of error, the same for all of its kind.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Malformed request",
            Self::Unauthenticated(_) => "Not logged in",
            Self::Forbidden(_) => "Not allowed",
            Self::NotFound(_) => "Not found",
            Self::Conflict(_) => "Conflict",
            Self::TooLarge(_) => "Too large",
            Self::Invalid { .. } => "Against a rule",
            Self::TooFast { .. } => "Too fast",
            Self::Unavailable(_) => "Unavailable",
        }
    }

    /// Seconds after which it is worth trying again, where that is known.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooFast { retry_after_s, .. } => Some(*retry_after_s),
            Self::Unavailable(_) => Some(1),
            _ => None,
        }
    }
}

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;
