//! The mask of client frames. Knows how to take it off, in pieces of any size.

/// A frame's mask, turned so that its first octet is the next one to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Takes the mask off (or puts it on) the frame's next octets.
    pub(super) fn apply(&mut self, octets: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (eights, rest) = octets.as_chunks_mut::<8>();
        for eight in eights {
            *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
        }
        for (octet, key) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *octet ^= key;
        }
        self.0.rotate_left(rest.len() % 4);
    }
}
