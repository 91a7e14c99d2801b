//! Settings from the environment: read once at start, and named where they are wrong.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use crate::auth::{AuthSettings, Secret};
use crate::domain::rate::Rate;

/// Users who together may go as fast in a room as each of them may.
const FAST_USERS: u32 = 50;
/// What a room takes at least: far more than anybody reads, and what a node carries to a thousand people.
const ROOM_SENDS: Rate = Rate {
    per_s: 1_000,
    burst: 5_000,
};

/// A setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: {reason}")]
pub struct ConfigError {
    /// The variable.
    pub name: String,
    /// What is wrong with it. Never its value: it may be a secret.
    pub reason: String,
}

impl ConfigError {
    /// A wrong setting.
    pub fn new(name: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// The environment: the process's own, or one made for a test.
#[derive(Clone, Debug, Default)]
pub struct Env(HashMap<String, String>);

impl Env {
    /// The process's environment. A variable that is not UTF-8 counts as missing.
    #[must_use]
    pub fn process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// A variable that is there and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// A number in `range`, or `default` where the variable is missing.
    ///
    /// # Errors
    /// Where it is no such number.
    pub fn number<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        name: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|n| range.contains(n));
        number.ok_or_else(|| {
            ConfigError::new(
                name,
                format!("must be a number from {} to {}", range.start(), range.end()),
            )
        })
    }

    /// `1` or `0`; off where the variable is missing.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name) {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(ConfigError::new(name, "must be 1 or 0")),
        }
    }

    /// An http or https URL.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn url(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let host = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"));
        let fits = host.is_some_and(|h| !h.is_empty() && !h.starts_with('/'))
            && !text.contains(char::is_whitespace);
        if !fits {
            return Err(ConfigError::new(name, "must be an http or https URL"));
        }
        Ok(Some(text.trim_end_matches('/').to_owned()))
    }

    /// `ROOMTONE_DATA`: the folder of the embedded stores, `data` where it is missing.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.text("ROOMTONE_DATA").unwrap_or("data").into()
    }

    /// `ROOMTONE_SENDS_PER_S`, `ROOMTONE_SEND_BURST`: messages of a user, 20 a second and 100 at once where
    /// they are missing.
    ///
    /// # Errors
    /// Where one is no number from 1 to 10,000,000.
    pub fn send_rate(&self) -> Result<Rate, ConfigError> {
        Ok(Rate {
            per_s: self.number("ROOMTONE_SENDS_PER_S", 20, 1..=10_000_000)?,
            burst: self.number("ROOMTONE_SEND_BURST", 100, 1..=10_000_000)?,
        })
    }

    /// `ROOMTONE_ROOM_SENDS_PER_S`, `ROOMTONE_ROOM_SEND_BURST`: messages of all users into one room. Where they are missing,
    /// 50 times what each may, and 1,000 a second and 5,000 at once at least.
    ///
    /// # Errors
    /// Where one is no number from 1 to 1,000,000,000.
    pub fn room_send_rate(&self) -> Result<Rate, ConfigError> {
        let of_a_user = self.send_rate()?;
        let range = 1..=1_000_000_000;
        let per_s = ROOM_SENDS.per_s.max(of_a_user.per_s * FAST_USERS);
        let burst = ROOM_SENDS.burst.max(of_a_user.burst * FAST_USERS);
        Ok(Rate {
            per_s: self.number("ROOMTONE_ROOM_SENDS_PER_S", per_s, range.clone())?,
            burst: self.number("ROOMTONE_ROOM_SEND_BURST", burst, range)?,
        })
    }

    /// `AUTH_HS256_SECRET`, `AUTH_JWKS_URL`, `AUTH_ISSUER`, `AUTH_AUDIENCE`.
    ///
    /// # Errors
    /// Where one is wrong, or there is neither a secret nor a URL.
    pub fn auth(&self) -> Result<AuthSettings, ConfigError> {
        let settings = AuthSettings {
            hs256_secret: self.text("AUTH_HS256_SECRET").map(Secret::new),
            jwks_url: self.url("AUTH_JWKS_URL")?,
            issuer: self.text("AUTH_ISSUER").map(Into::into),
            audience: self.text("AUTH_AUDIENCE").map(Into::into),
            ..AuthSettings::default()
        };
        if settings.hs256_secret.is_none() && settings.jwks_url.is_none() {
            return Err(ConfigError::new(
                "AUTH_HS256_SECRET",
                "this or AUTH_JWKS_URL must be set",
            ));
        }
        Ok(settings)
    }

    /// `ALLOWED_ORIGINS`: origins besides the server's own, divided by commas; `*` for all.
    ///
    /// # Errors
    /// Where one is no origin, such as `https://app.example`.
    pub fn origins(&self) -> Result<Origins, ConfigError> {
        let name = "ALLOWED_ORIGINS";
        let listed: Vec<String> = self
            .text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|o| !o.is_empty())
            .map(str::to_owned)
            .collect();
        let fits = |o: &String| {
            let host = o
                .strip_prefix("http://")
                .or_else(|| o.strip_prefix("https://"));
            o == "*" || host.is_some_and(|h| !h.is_empty() && !h.contains(['/', ' ', '?', '#']))
        };
        match listed.iter().find(|o| !fits(o)) {
            Some(_) => Err(ConfigError::new(
                name,
                "must be origins such as https://app.example, divided by commas",
            )),
            None => Ok(Origins { listed }),
        }
    }
}

/// Which pages of other origins may use this server. Its own may, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    listed: Vec<String>,
}

impl Origins {
    /// Whether a page of this origin may; `host` is what the request says the server is called. No browser
    /// lets a page choose either.
    #[must_use]
    pub fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        let own = authority.is_some() && authority == host;
        own || self
            .listed
            .iter()
            .any(|o| o == "*" || o.eq_ignore_ascii_case(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_setting_is_named_without_its_value() {
        let env = Env::default()
            .with("ROOMTONE_PORT", "99999")
            .with("SEARCH_URL", "ftp://secret");
        let wrong = env
            .number("ROOMTONE_PORT", 18000_u32, 1..=65535)
            .unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "ROOMTONE_PORT: must be a number from 1 to 65535"
        );
        let wrong = env.url("SEARCH_URL").unwrap_err().to_string();
        assert!(wrong.starts_with("SEARCH_URL") && !wrong.contains("secret"));
        assert!(env.auth().is_err_and(|e| e.name == "AUTH_HS256_SECRET"));
    }

    #[test]
    fn the_own_origin_and_the_listed_ones_are_allowed() {
        let origins = Env::default()
            .with(
                "ALLOWED_ORIGINS",
                "https://app.example, https://b.example:8443",
            )
            .origins()
            .unwrap();
        assert!(origins.allows("http://localhost:18000", Some("localhost:18000")));
        assert!(origins.allows("https://app.example", Some("localhost:18000")));
        assert!(!origins.allows("https://evil.example", Some("localhost:18000")));
        assert!(!origins.allows("null", None));
        assert!(
            Env::default()
                .with("ALLOWED_ORIGINS", "app.example")
                .origins()
                .is_err()
        );
    }
}
