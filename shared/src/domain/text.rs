//! A text of a JSON body, lent from there where nothing in it is escaped: most of them are looked at, and not kept.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// The text. In an `Option`, a field of it wants `#[serde(borrow)]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Text<'b>(pub Cow<'b, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'b, 'b> Deserialize<'de> for Text<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lent;

        impl<'de> Visitor<'de> for Lent {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Lent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_lent_unless_something_in_it_is_escaped() {
        for (body, lent) in [(r#""m-하""#, true), (r#""m-\ud558""#, false)] {
            let Text(text) = serde_json::from_str(body).unwrap();
            assert_eq!(text, "m-하");
            assert_eq!(matches!(text, Cow::Borrowed(_)), lent);
        }
    }
}
