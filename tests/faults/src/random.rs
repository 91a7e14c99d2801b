//! Numbers that look random and are the same in every run.

/// Knuth's linear congruential generator with the constants of MMIX (The Art of Computer Programming, volume 2, 3.3.4).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Another sequence for each seed.
    pub(crate) fn new(seed: usize) -> Self {
        let mut random = Self(seed as u64);
        random.below(1);
        random
    }

    /// A number below this one, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
