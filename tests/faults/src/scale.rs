//! How much is done.

/// How much a scenario does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Seconds to a minute: what every run of the tests does.
    Small,
    /// What the figures ask for.
    Full,
}

impl Scale {
    /// One or the other.
    pub(crate) fn of<T>(self, small: T, full: T) -> T {
        match self {
            Self::Small => small,
            Self::Full => full,
        }
    }
}
