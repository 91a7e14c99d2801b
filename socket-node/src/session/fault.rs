//! Why a session is closed with an ERROR frame.

use crate::frame::{FrameError, Version};

/// A breach of the protocol, told to the client before the socket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// A few fixed words.
    pub(super) message: &'static str,
    /// The same at length: which frame, which header, which limit.
    pub(super) detail: String,
    /// The receipt that the frame asked for.
    pub(super) receipt: Option<String>,
    /// The versions spoken here, where none was in common.
    pub(super) version: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(message: &'static str, detail: impl Into<String>) -> Self {
        Self {
            message,
            detail: detail.into(),
            receipt: None,
            version: None,
        }
    }

    pub(super) fn missing_header(command: &str, name: &str) -> Self {
        Self::new(
            "missing header",
            format!("{command} needs the header {name}"),
        )
    }

    pub(super) fn limit(what: &str, max: usize) -> Self {
        Self::new("limit reached", format!("{what}: {max} at most"))
    }

    pub(super) fn no_common_version() -> Self {
        let fault = Self::new(
            "no common version",
            "accept-version names none of the versions spoken here",
        );
        Self {
            version: Some(Version::SUPPORTED),
            ..fault
        }
    }

    /// The same, of a frame that asked for this receipt.
    pub(super) fn of(self, receipt: Option<&str>) -> Self {
        Self {
            receipt: receipt.map(str::to_owned),
            ..self
        }
    }
}

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        Self {
            receipt: error.receipt_id,
            ..Self::new(error.message, error.detail)
        }
    }
}
