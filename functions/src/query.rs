//! What stands behind the `?`. A parameter that is empty counts as absent, and an unknown one is ignored.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;

use crate::Shared;
use crate::problem::Problem;

/// The parameters, in their order.
pub(crate) struct Params(Vec<(String, String)>);

impl FromRequestParts<Shared> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let pairs = Query::try_from_uri(&parts.uri).map(|Query(pairs)| Self(pairs));
        pairs.map_err(|_| Error::Malformed("the query cannot be read".into()).into())
    }
}

impl Params {
    /// The first parameter of this name that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().filter(|(n, v)| n == name && !v.is_empty());
        named.map(|(_, v)| v.as_str()).next()
    }

    /// `size`: 12 if absent, taken as 20 if more.
    ///
    /// # Errors
    /// `Malformed`, where it is less than 1 or no number.
    pub(crate) fn size(&self) -> Result<usize> {
        self.size_up_to(limits::PAGE_SIZE, limits::PAGE_SIZE_MAX)
    }

    /// `size` of a list with its own numbers.
    ///
    /// # Errors
    /// `Malformed`, where it is less than 1 or no number.
    pub(crate) fn size_up_to(&self, default: usize, max: usize) -> Result<usize> {
        let Some(text) = self.text("size") else {
            return Ok(default);
        };
        // Digits that are too many for a number are more than the most, too.
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let size = if digits {
            text.parse().unwrap_or(max)
        } else {
            0
        };
        match size {
            0 => Err(Error::Malformed(
                "size: must be a whole number from 1".into(),
            )),
            size => Ok(size.min(max)),
        }
    }

    /// `cursor`, as `read` reads it.
    ///
    /// # Errors
    /// What `read` says.
    pub(crate) fn cursor<T>(&self, read: impl FnOnce(&str) -> Result<T>) -> Result<Option<T>> {
        self.text("cursor").map(read).transpose()
    }

    /// A parameter that is a message's id.
    ///
    /// # Errors
    /// `Malformed`, naming it.
    pub(crate) fn message_id(&self, name: &str) -> Result<Option<MessageId>> {
        let id = self.text(name).map(|text| MessageId::parse(name, text));
        id.transpose().map_err(malformed)
    }

    /// `roomId`, which must be there.
    ///
    /// # Errors
    /// `Malformed`, where it is not.
    pub(crate) fn room_id(&self) -> Result<RoomId> {
        let missing = || Error::Malformed("roomId: is missing".into());
        let text = self.text("roomId").ok_or_else(missing)?;
        RoomId::parse("roomId", text).map_err(malformed)
    }
}

/// In a query, what is against a rule is malformed.
fn malformed(error: Error) -> Error {
    match error {
        Error::Invalid { .. } => Error::Malformed(error.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        let uri = format!("/x?{query}").parse().unwrap();
        let Query(pairs) = Query::try_from_uri(&uri).unwrap();
        Params(pairs)
    }

    #[test]
    fn a_size_is_kept_within_its_bounds() {
        for (query, size) in [
            ("", 12),
            ("size=", 12),
            ("size=1", 1),
            ("size=20", 20),
            ("size=21", 20),
            ("size=99999999999999999999999", 20),
            ("size=007", 7),
            ("x=1&size=3", 3),
        ] {
            assert_eq!(params(query).size().unwrap(), size, "{query}");
        }
        for bad in ["0", "00", "-1", "1.5", "abc", "+5", "1e1", "%20", "٣"] {
            let size = params(&format!("size={bad}")).size();
            assert!(
                matches!(size, Err(Error::Malformed(why)) if why.starts_with("size")),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_room_or_message_that_is_none_is_malformed_and_named() {
        for query in ["", "roomId=", "roomId=5"] {
            assert!(
                matches!(params(query).room_id(), Err(Error::Malformed(why)) if why.starts_with("roomId"))
            );
        }
        let before = params("before=zzz").message_id("before");
        assert!(matches!(before, Err(Error::Malformed(why)) if why.starts_with("before")));
        assert_eq!(params("before=").message_id("before").unwrap(), None);
    }
}
