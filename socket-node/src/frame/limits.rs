//! What one frame may cost. Knows only numbers.

/// Bounds on one client frame. A frame beyond any of them is an error, found at the octet that
/// makes it certain and before memory is taken for what lies beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// Octets of a whole frame: command, headers with their line ends, and body; not the NUL.
    pub frame_bytes_max: usize,
    /// Headers of one frame, repeated ones included.
    pub headers_max: usize,
    /// Octets of one header line as sent (escaped, name and colon included), without its line end.
    pub header_bytes_max: usize,
}

impl Default for FrameLimits {
    /// 64 KiB a frame, 64 headers of 4 KiB.
    fn default() -> Self {
        Self {
            frame_bytes_max: 64 * 1024,
            headers_max: 64,
            header_bytes_max: 4 * 1024,
        }
    }
}
