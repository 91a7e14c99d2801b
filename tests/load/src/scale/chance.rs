//! Seeded random numbers: the same seed gives the same numbers everywhere. It knows nothing of rooms but how an id is made.

use roomtone_shared::domain::room::RoomId;

/// Draws up to which each is made by itself.
const ONE_BY_ONE_MAX: u64 = 64;
/// Uniform numbers whose sum stands for a normal one; their variance is 1.
const SUMMED: u32 = 12;

/// SplitMix64.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// More than 0 and less than 1.
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// One of so many.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// A room's id, made as `RoomId::new` makes one: a UUID of version 4.
    pub(super) fn room(&mut self) -> RoomId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        RoomId::from_bytes(bytes)
    }

    /// Mean 0, variance 1.
    pub(super) fn normal(&mut self) -> f64 {
        (0..SUMMED).map(|_| self.unit()).sum::<f64>() - f64::from(SUMMED) / 2.0
    }

    /// The time to the next of events that come independently, so many a second.
    pub(super) fn wait(&mut self, per_s: f64) -> f64 {
        -self.unit().ln() / per_s
    }

    /// How many of `count` fall where each falls with this probability.
    pub(super) fn of(&mut self, count: u64, probability: f64) -> u64 {
        if count <= ONE_BY_ONE_MAX {
            return (0..count).filter(|_| self.unit() < probability).count() as u64;
        }
        let mean = count as f64 * probability;
        if mean < 30.0 {
            return self.poisson(mean).min(count);
        }
        let spread = (mean * (1.0 - probability)).sqrt() * self.normal();
        (mean + spread).round().clamp(0.0, count as f64) as u64
    }

    /// A count of rare things, so many in the mean.
    fn poisson(&mut self, mean: f64) -> u64 {
        let (end, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > end {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_is_what_falls_in_the_mean() {
        let mut chance = Chance::new(1);
        for (count, probability) in [(10, 0.3), (1_000, 0.01), (100_000, 0.25)] {
            let rounds = 2_000;
            let sum: u64 = (0..rounds).map(|_| chance.of(count, probability)).sum();
            let mean = sum as f64 / f64::from(rounds);
            let wanted = count as f64 * probability;
            assert!((mean / wanted - 1.0).abs() < 0.03, "{mean} for {wanted}");
        }
    }

    #[test]
    fn rooms_ids_are_uuids_of_version_4_and_fall_evenly_on_partitions() {
        let mut chance = Chance::new(2);
        let mut counts = [0; 16];
        for _ in 0..16_000 {
            let room = chance.room();
            assert_eq!(room.to_string().as_bytes()[14], b'4');
            counts[room.partition(16).index()] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
    }
}
