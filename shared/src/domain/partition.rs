//! The parts that a log is in.

use serde::{Deserialize, Serialize};

/// A part of the log with an order of its own. All records of a room are in one, so a room has one order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Partition(pub u16);

impl Partition {
    /// Something of each partition, in their order, with its partition.
    pub fn of_each<T>(each: impl IntoIterator<Item = T>) -> Vec<(Self, T)> {
        (0..).map(Self).zip(each).collect()
    }

    /// Its place in a list of all partitions.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn is_first(&self) -> bool {
        self.0 == 0
    }
}
