//! JSON bodies, taken apart so that what cannot be read (400, by its path) and what is against a rule (422,
//! by its field) are told apart. Knows no operation.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
pub(crate) use roomtone_shared::domain::text::Text;
use roomtone_shared::error::{Error, Result};
use roomtone_shared::limits;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;
use crate::{Shared, body};

/// A JSON body, whatever its content type says, as it came.
pub(crate) struct Input(Bytes);

impl FromRequest<Shared> for Input {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        Ok(Self(body::gathered(request.into_body()).await?))
    }
}

impl Input {
    /// Takes it apart; texts in it stay where they are. A field that must be there is an `Option` in `T`, so that a missing
    /// one can be told from one of a wrong type: see [`required`].
    ///
    /// # Errors
    /// `Malformed`, with the path of what cannot be read.
    pub(crate) fn read<'i, T: Deserialize<'i>>(&'i self) -> Result<T> {
        parse(&self.0)
    }
}

fn parse<'i, T: Deserialize<'i>>(bytes: &'i [u8]) -> Result<T> {
    // That all of it is text is seen faster at once than piece by piece.
    let text = std::str::from_utf8(bytes).ok();
    match text.map(serde_json::from_str) {
        Some(Ok(Object(value))) => Ok(value),
        _ => parse_with_paths(bytes),
    }
}

/// The same for a body that cannot be read, which is to be told where: to know the path all the way down takes as long again.
fn parse_with_paths<'i, T: Deserialize<'i>>(bytes: &'i [u8]) -> Result<T> {
    if bytes.trim_ascii().is_empty() {
        return Err(Error::Malformed(
            "the body is empty; it must be a JSON object".into(),
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(unreadable)?;
    json.end()
        .map_err(|why| Error::Malformed(format!("the body goes on after its object: {why}")))?;
    Ok(value)
}

fn unreadable(why: serde_path_to_error::Error<serde_json::Error>) -> Error {
    let path = why.path().to_string();
    // What is not JSON has no path.
    let at = match &*path {
        "." | "?" => "the body",
        path => path,
    };
    Error::Malformed(format!("{at}: {}", why.inner()))
}

/// A JSON object and nothing else; a derived `Deserialize` alone would take an array of the values too.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// An id of another service: a string, or a whole number, which is taken as its digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Id<'i>(pub(crate) Text<'i>);

impl<'de: 'i, 'i> Deserialize<'de> for Id<'i> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

/// 2 to the 53rd: all whole numbers up to it are floats too.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Id<'de>, E> {
        Ok(Id(Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Id<'de>, E> {
        Ok(Id(Text(text.to_owned().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Id<'de>, E> {
        Ok(Id(Text(number.to_string().into())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Id<'de>, E> {
        Ok(Id(Text(number.to_string().into())))
    }

    /// To JSON `7.0` is the whole number that `7` is. Beyond what a float tells apart it is not known which number was meant.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Id<'de>, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
            return Ok(Id(Text(format!("{:.0}", number + 0.0).into())));
        }
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }
}

/// A field that must be there; `null` is not there.
///
/// # Errors
/// `Invalid`, naming it.
pub(crate) fn required<T>(field: impl fmt::Display, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::invalid(field.to_string(), "is missing"))
}

/// A name, a title or the like, of 1 to 200 characters.
///
/// # Errors
/// `Invalid`, naming `field`.
pub(crate) fn name(field: impl fmt::Display, value: Option<Text<'_>>) -> Result<Arc<str>> {
    let text = required(&field, value)?;
    let max = limits::NAME_CHARS_MAX;
    if text.is_empty() || text.chars().count() > max {
        return Err(Error::invalid(
            field.to_string(),
            format!("must be 1 to {max} characters"),
        ));
    }
    Ok((*text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer<'i> {
        #[serde(borrow)]
        id: Option<Id<'i>>,
        #[serde(borrow)]
        inner: Option<Vec<Object<Inner<'i>>>>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner<'i> {
        #[serde(borrow)]
        text: Option<Text<'i>>,
    }

    fn text(text: &str) -> Text<'_> {
        Text(text.into())
    }

    fn refused(text: &str) -> String {
        match parse::<Outer>(text.as_bytes()) {
            Err(Error::Malformed(why)) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
        for text in [
            "",
            " \n",
            "{",
            "[]",
            "5",
            "null",
            "\"x\"",
            "{} {}",
            "{\"id\":1,}",
            "[1, []]",
            "\u{feff}{}",
        ] {
            assert!(!refused(text).is_empty());
        }
        assert!(parse::<Outer>(b"{\"id\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path() {
        assert!(refused(r#"{"inner": [{}, {"text": 5}]}"#).starts_with("inner[1].text: "));
        assert!(refused(r#"{"inner": [["x"]]}"#).starts_with("inner[0]: "));
        assert!(refused(r#"{"inner": [null]}"#).starts_with("inner[0]: "));
        for id in ["1.5", "true", "{}", "1e-3", "1e16", "18446744073709551616"] {
            assert!(
                refused(&format!("{{\"id\": {id}}}")).starts_with("id: "),
                "{id}"
            );
        }
    }

    #[test]
    fn a_whole_number_is_the_same_however_it_is_written() {
        for (id, digits) in [
            ("7", "7"),
            ("7.0", "7"),
            ("1e3", "1000"),
            ("-2.0", "-2"),
            ("-0.0", "0"),
            ("9007199254740992.0", "9007199254740992"),
        ] {
            let body = format!("{{\"id\": {id}}}");
            let outer: Outer = parse(body.as_bytes()).unwrap();
            assert_eq!(outer.id, Some(Id(text(digits))), "{id}");
        }
    }

    #[test]
    fn an_unknown_field_is_ignored_and_null_is_a_missing_one() {
        let outer: Outer = parse(br#"{"other": [1], "id": 7, "inner": null}"#).unwrap();
        assert_eq!(required("id", outer.id).unwrap(), Id(text("7")));
        assert_eq!(
            required("inner", outer.inner).err(),
            Some(Error::invalid("inner", "is missing"))
        );
        let outer: Outer = parse(br#"{"inner": [{"text": "a"}, {}]}"#).unwrap();
        let texts: Vec<_> = outer
            .inner
            .unwrap()
            .into_iter()
            .map(|Object(inner)| inner.text)
            .collect();
        assert_eq!(texts, [Some(text("a")), None]);
    }

    #[test]
    fn a_name_has_1_to_200_characters() {
        assert!(name("n", Some(text(&"가".repeat(200)))).is_ok());
        assert!(name("n", Some(text(&"가".repeat(201)))).is_err());
        assert!(name("n", Some(text(""))).is_err());
    }
}
