//! The protocol versions and which of them two sides choose. Knows nothing of frames.

use std::fmt;

/// A STOMP version this server speaks. Later ones compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// STOMP 1.0: no escapes, no heart-beats.
    V1_0,
    /// STOMP 1.1: escapes without `\r`.
    V1_1,
    /// STOMP 1.2.
    V1_2,
}

impl Version {
    /// Every version spoken here, as the `version` header of a refusal lists them.
    pub const SUPPORTED: &'static str = "1.0,1.1,1.2";

    /// The version as headers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// The highest version both sides speak, by the client's `accept-version` header.
    ///
    /// A client without the header speaks 1.0 only. Unknown versions in the list are passed over.
    ///
    /// # Errors
    ///
    /// [`NoCommonVersion`] where the list names none that is spoken here.
    pub fn negotiate(accept_version: Option<&str>) -> Result<Self, NoCommonVersion> {
        let Some(accepted) = accept_version else {
            return Ok(Self::V1_0);
        };
        let known = accepted
            .split(',')
            .filter_map(|one| Self::parse(one.trim()));
        known.max().ok_or(NoCommonVersion)
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "1.0" => Some(Self::V1_0),
            "1.1" => Some(Self::V1_1),
            "1.2" => Some(Self::V1_2),
            _ => None,
        }
    }
}

/// The client's `accept-version` names no version spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCommonVersion;

impl fmt::Display for NoCommonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "supported protocol versions are {}", Version::SUPPORTED)
    }
}

impl std::error::Error for NoCommonVersion {}
