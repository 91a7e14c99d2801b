//! Numbers that a seed decides: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).

use std::ops::Range;

/// Gives one number after the other, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Those of `whom`, of which each has its own: what one does changes nothing about another's.
    pub fn of(seed: u64, whom: u64) -> Self {
        let mut of_all = Self(seed);
        let own = of_all.next() ^ whom.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self(own)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of these.
    pub fn among(&mut self, range: Range<u64>) -> u64 {
        let width = (range.end - range.start).max(1);
        range.start + self.next() % width
    }

    /// One of so many places.
    pub fn place(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// Whether it is one of so many in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}
