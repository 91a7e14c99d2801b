//! The opening handshake by its header values. Knows no HTTP library: who serves HTTP hands the
//! values in and answers with what comes out.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};

/// What RFC 6455 appends to a key.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_BYTES: usize = 16;
/// The subprotocols spoken here, the one to prefer first.
const PROTOCOLS: [&str; 3] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/// Padding must be there; bits that 16 octets leave over may be anything, since some clients make
/// up a key's text rather than its octets.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The header values of a request to upgrade; none where the request lacks one. Of a header that
/// stands there more than once, the values joined by commas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Handshake<'a> {
    /// `Upgrade`.
    pub upgrade: Option<&'a str>,
    /// `Connection`.
    pub connection: Option<&'a str>,
    /// `Sec-WebSocket-Version`.
    pub version: Option<&'a str>,
    /// `Sec-WebSocket-Key`.
    pub key: Option<&'a str>,
}

/// Why a request is not a WebSocket handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// It does not ask for WebSocket: 426 with `Upgrade: websocket`.
    NotAnUpgrade,
    /// It asks for another version: 426 with `Sec-WebSocket-Version: 13`.
    UnsupportedVersion,
    /// Its key is not 16 octets in base64: 400.
    InvalidKey,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnUpgrade => "this path is for WebSocket upgrades",
            Self::UnsupportedVersion => "Sec-WebSocket-Version is not 13",
            Self::InvalidKey => "Sec-WebSocket-Key is not 16 octets in base64",
        })
    }
}

impl std::error::Error for HandshakeError {}

impl Handshake<'_> {
    /// The `Sec-WebSocket-Accept` of the 101 answer.
    ///
    /// # Errors
    ///
    /// The request is no WebSocket handshake of version 13.
    pub fn accept(&self) -> Result<String, HandshakeError> {
        let upgrade = lists(self.upgrade, "websocket") && lists(self.connection, "upgrade");
        if !upgrade {
            return Err(HandshakeError::NotAnUpgrade);
        }
        if self.version.map(str::trim) != Some("13") {
            return Err(HandshakeError::UnsupportedVersion);
        }
        let key = self.key.map(str::trim).filter(|key| is_key(key));
        key.map(accept_key).ok_or(HandshakeError::InvalidKey)
    }
}

/// The proof that the server read this `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update(KEY_SUFFIX)
        .finalize();
    BASE64.encode(digest)
}

/// The subprotocol to speak out of a `Sec-WebSocket-Protocol` list: the highest STOMP there is,
/// wherever it stands in the list. None where the list has no STOMP; then the answer names none.
pub fn choose_protocol(offered: &str) -> Option<&'static str> {
    PROTOCOLS
        .into_iter()
        .find(|own| offered.split(',').any(|one| one.trim() == *own))
}

/// Whether a comma-separated header has this token, in any case.
fn lists(header: Option<&str>, token: &str) -> bool {
    let mut listed = header.unwrap_or_default().split(',');
    listed.any(|one| one.trim().eq_ignore_ascii_case(token))
}

fn is_key(text: &str) -> bool {
    let mut octets = [0; KEY_BYTES + 2];
    BASE64.decode_slice(text, &mut octets) == Ok(KEY_BYTES)
}
