//! Users as rooms know them: an id, a nickname and a picture.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::limits;

/// A user's id: 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Uid(Arc<str>);

impl Uid {
    /// Takes a text as a user's id.
    ///
    /// # Errors
    /// `Invalid`, naming `field`, where it is empty, too long or has control characters.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        let count = text.chars().count();
        if count == 0 || count > limits::UID_CHARS_MAX || text.chars().any(char::is_control) {
            let max = limits::UID_CHARS_MAX;
            return Err(Error::invalid(
                field,
                format!("must be 1 to {max} characters, none a control character"),
            ));
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who somebody is in a room: what the members see of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user's id.
    pub uid: Uid,
    /// 1 to 40 characters, NFC, without control and bidirectional formatting characters.
    #[schema(value_type = String)]
    pub nick_name: Arc<str>,
    /// An https URL or a path of this server; never fetched by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub profile_image: Option<Arc<str>>,
}

impl Profile {
    /// Makes a profile of texts from outside; the names of the fields are those of the input.
    ///
    /// # Errors
    /// `Invalid`, naming the field that is against a rule.
    pub fn parse(fields: ProfileFields<'_>, values: ProfileValues<'_>) -> Result<Self> {
        Ok(Self {
            uid: Uid::parse(fields.uid, values.uid)?,
            nick_name: nick_name(fields.nick_name, values.nick_name)?,
            profile_image: values
                .profile_image
                .map(|url| image_url(fields.profile_image, url))
                .transpose()?,
        })
    }
}

/// What the fields of a profile are called where it came from.
#[derive(Clone, Copy, Debug)]
pub struct ProfileFields<'a> {
    /// Name of the field with the id.
    pub uid: &'a str,
    /// Name of the field with the nickname.
    pub nick_name: &'a str,
    /// Name of the field with the picture.
    pub profile_image: &'a str,
}

/// The texts of a profile as they came.
#[derive(Clone, Copy, Debug)]
pub struct ProfileValues<'a> {
    /// The id.
    pub uid: &'a str,
    /// The nickname.
    pub nick_name: &'a str,
    /// The picture's address.
    pub profile_image: Option<&'a str>,
}

/// Characters that turn the direction of the text around them (Unicode UAX #9), which would let a
/// nickname rewrite the line it stands in.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn nick_name(field: &str, text: &str) -> Result<Arc<str>> {
    // ASCII is normal as it is.
    let normal: Cow<'_, str> = match text.is_ascii() {
        true => text.into(),
        false => text.nfc().collect(),
    };
    let name = normal.trim();
    let count = name.chars().count();
    let max = limits::NICKNAME_CHARS_MAX;
    if count == 0 || count > max {
        return Err(Error::invalid(
            field,
            format!("must be 1 to {max} characters"),
        ));
    }
    if name.chars().any(|c| c.is_control() || is_bidi_control(c)) {
        return Err(Error::invalid(
            field,
            "must have no control or bidirectional formatting characters",
        ));
    }
    Ok(name.into())
}

/// Takes a text as the address of a picture: https, or a path of this server.
///
/// # Errors
/// `Invalid`, naming `field`, where it is neither or longer than 2,048 characters.
pub fn image_url(field: impl fmt::Display, text: &str) -> Result<Arc<str>> {
    let max = limits::URL_CHARS_MAX;
    if text.chars().count() > max {
        return Err(Error::invalid(
            field.to_string(),
            format!("must be at most {max} characters"),
        ));
    }
    let plain = !text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let https = text
        .strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let path = text.starts_with('/') && !text.starts_with("//");
    if !(plain && (https || path)) {
        return Err(Error::invalid(
            field.to_string(),
            "must be an https URL or a path of this server",
        ));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_64_characters() {
        assert!(Uid::parse("uid", "").is_err());
        assert!(Uid::parse("uid", &"가".repeat(64)).is_ok());
        assert!(Uid::parse("uid", &"가".repeat(65)).is_err());
        assert!(Uid::parse("uid", "a\nb").is_err());
    }

    #[test]
    fn a_nickname_is_normalised_and_cannot_turn_text_around() {
        assert_eq!(&*nick_name("n", "\u{1112}\u{1161}\u{11AB}").unwrap(), "한");
        assert!(nick_name("n", "a\u{202E}b").is_err());
        assert!(nick_name("n", "   ").is_err());
        assert!(nick_name("n", &"x".repeat(41)).is_err());
    }

    #[test]
    fn a_picture_is_https_or_a_path_of_ours() {
        assert!(image_url("p", "https://images.example/1.png").is_ok());
        assert!(image_url("p", "/page/1.svg").is_ok());
        for bad in [
            "http://images.example/1.png",
            "//elsewhere/1.png",
            "javascript:1",
            "https://",
            "",
        ] {
            assert!(image_url("p", bad).is_err(), "{bad}");
        }
    }
}
