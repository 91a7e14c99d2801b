//! Random input for tests, the same for the same seed. Knows no protocol.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A small generator (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    /// A few changes of the kinds that break parsers: an octet changed, left out or added, a
    /// piece repeated, the end cut off.
    pub(crate) fn mutate(&mut self, octets: &mut Vec<u8>, likely: &[u8]) {
        for _ in 0..self.below(4) {
            let at = self.below(octets.len().max(1));
            match self.below(6) {
                _ if octets.is_empty() => octets.push(self.pick(likely)),
                0 => octets[at] = self.number() as u8,
                1 => octets[at] = self.pick(likely),
                2 => drop(octets.remove(at)),
                3 => octets.insert(at, self.pick(likely)),
                4 => octets.extend_from_within(at..(at + 12).min(octets.len())),
                _ => octets.truncate(at),
            }
        }
    }
}

/// Runs `case` with as many seeds, and names the seed of one that fails.
pub(crate) fn for_seeds(seeds: std::ops::Range<u64>, case: impl Fn(&mut Random)) {
    for seed in seeds {
        let run = catch_unwind(AssertUnwindSafe(|| case(&mut Random::new(seed))));
        if let Err(panic) = run {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            panic!("seed {seed}: {}", text.unwrap_or_default());
        }
    }
}
