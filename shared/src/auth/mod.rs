//! Who is asking: tokens (JWT, RFC 7519), checked with keys that the settings name.
//!
//! Which algorithm a key is for is fixed where the key is configured or published; a token can only pick
//! one of those keys, never a way of checking. It must not know of rooms, of HTTP or of STOMP; the rules
//! for ids, nicknames and pictures are the domain's.

mod authenticator;
mod claims;
mod crypto;
mod error;
mod jwks;
mod key_set;
mod known;
mod profile;
mod secret;
mod settings;
mod signer;
mod trusted;

#[cfg(test)]
mod tests;

pub use authenticator::{Authenticator, TOKEN_BYTES_MAX};
pub use claims::Identity;
pub use error::{AuthError, SettingsError};
pub use profile::profile;
pub use secret::{NoRandomness, Secret};
pub use settings::{AuthSettings, LEEWAY_S, LEEWAY_S_MAX, SECRET_BYTES_MIN};
pub use signer::{Claims, Signer, SigningFailed};

/// The token in the value of an `Authorization` header, where its scheme is `Bearer` in any case
/// (RFC 6750 section 2.1, RFC 9110 section 11.1). A token is of visible characters of ASCII.
#[must_use]
pub fn bearer(header_value: &str) -> Option<&str> {
    let (scheme, rest) = header_value.trim().split_once(' ')?;
    let token = rest.trim_start();
    // Many octets are looked at together where none ends the look.
    let visible = token
        .bytes()
        .fold(true, |all, octet| all & octet.is_ascii_graphic());
    let fits = visible && !token.is_empty();
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}
