//! Addresses that may be called.

use std::fmt;

use hyper::Uri;

use super::error::OutboundError;

/// An http or https address that may be called. Its `Display` and `Debug` are `host:port` alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(pub(super) Uri);

impl Endpoint {
    /// Takes a setting as an address.
    ///
    /// # Errors
    /// `BadUrl` where it is not http or https, has no host, or holds a user name or password.
    pub fn parse(url: &str) -> Result<Self, OutboundError> {
        let bad = |why| Err(OutboundError::BadUrl(why));
        let Ok(uri) = url.parse::<Uri>() else {
            return bad("must be a URL");
        };
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return bad("must be an http or https URL");
        }
        match uri.authority() {
            Some(whose) if whose.as_str().contains('@') => {
                bad("must not hold a user name or a password")
            }
            Some(whose) if !whose.host().is_empty() => Ok(Self(uri)),
            _ => bad("must name a host"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.authority().map_or("", |whose| whose.as_str()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}
