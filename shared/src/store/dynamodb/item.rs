//! Items as maps of attributes: written with few words, and read with what is missing named.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::broken;
use crate::domain::message::MessageId;
use crate::error::Result;

/// An item.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A value as JSON. What is written is plain data, so it can be.
pub(super) fn json(value: &impl Serialize) -> AttributeValue {
    text(serde_json::to_string(value).unwrap_or_default())
}

/// Reads attributes of one item.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) store: &'static str,
    pub(super) item: &'a Item,
}

impl Reader<'_> {
    fn missing(&self, name: &str) -> crate::error::Error {
        broken(self.store, &format!("an item without a proper {name}"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<&str> {
        let value = self.item.get(name)?;
        value.as_s().ok().map(String::as_str)
    }

    pub(super) fn text(&self, name: &str) -> Result<&str> {
        self.optional_text(name).ok_or_else(|| self.missing(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<u64> {
        let value = self.item.get(name).and_then(|value| value.as_n().ok());
        let number = value.and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.missing(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        let value = self.item.get(name).and_then(|value| value.as_bool().ok());
        value.copied().ok_or_else(|| self.missing(name))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = serde_json::from_str(self.text(name)?);
        value.map_err(|_| self.missing(name))
    }

    pub(super) fn optional_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match self.item.contains_key(name) {
            true => self.json(name).map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn optional_id(&self, name: &str) -> Result<Option<MessageId>> {
        match self.optional_text(name) {
            Some(text) => MessageId::parse(name, text)
                .map(Some)
                .map_err(|_| self.missing(name)),
            None => Ok(None),
        }
    }
}
