//! The log of the one process, read from its file.
//!
//! It knows the form as the documents have it: a line that says what the file is, and behind it records, each its length and its
//! CRC-32, in four octets each with the lowest first, and then its fields by name in MessagePack. A room's id is 16 octets there.

use std::fmt::{self, Write};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The file in the folder of the data.
const FILE: &str = "roomtone.log";
/// What it begins with.
const BEGINNING: &[u8] = b"roomtone log 1\n\0";

/// Every fact of the log with its offset, in order, as JSON.
///
/// # Panics
/// Where the file is not there, or is none.
#[must_use]
pub fn facts(folder: &Path) -> Vec<(i64, Value)> {
    let file = std::fs::read(folder.join(FILE)).expect("a log's file");
    let mut rest = file.strip_prefix(BEGINNING).expect("a log of this form");
    let mut facts = vec![];
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        // The process may be about to write the last of them.
        let Some(body) = behind.get(4..4 + length) else {
            break;
        };
        rest = &behind[4 + length..];
        let Ok(AsJson(mut record)) = rmp_serde::from_slice(body) else {
            panic!("a record that can not be read behind {} facts", facts.len());
        };
        let offset = record["offset"].as_i64().expect("an offset");
        facts.push((offset, record["fact"].take()));
    }
    facts
}

/// What is written in MessagePack, as JSON has it.
struct AsJson(Value);

impl<'de> Deserialize<'de> for AsJson {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Anything).map(Self)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    /// A UUID as it is written everywhere else; other octets as hexadecimal digits too.
    fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Value, E> {
        let mut text = String::new();
        for (place, octet) in octets.iter().enumerate() {
            if octets.len() == 16 && [4, 6, 8, 10].contains(&place) {
                text.push('-');
            }
            let _ = write!(text, "{octet:02x}");
        }
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = vec![];
        while let Some(AsJson(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, AsJson(value))) = fields.next_entry()? {
            object.insert(name, value);
        }
        Ok(object.into())
    }
}
