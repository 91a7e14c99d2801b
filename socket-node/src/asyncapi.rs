//! What a socket is told and may ask for, as AsyncAPI 3.0 tells it. Bodies that HTTP has too are told of by their types.

use roomtone_shared::domain::message::Message;
use roomtone_shared::domain::playlist::NowPlaying;
use roomtone_shared::domain::time::Timestamp;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::rooms::view::{PresenceWord, RoomView};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Channels, operations and messages.
const DOCUMENT: &str = include_str!("asyncapi.json");
/// An example of each message, as a socket of the local run was told or asked it.
const EXAMPLES: &str = include_str!("asyncapi_examples.json");

/// The document.
#[must_use]
pub fn asyncapi() -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let mut examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    if let Some(messages) = document["components"]["messages"].as_object_mut() {
        for (name, message) in messages {
            message["examples"] = json!([{"payload": examples[name].take()}]);
        }
    }
    let schemas = &mut document["components"]["schemas"];
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.append(&mut shared());
    }
    document
}

/// The types that HTTP has too, with all that they are made of.
fn shared() -> Map<String, Value> {
    let mut all: Vec<(String, RefOr<Schema>)> = vec![];
    add::<Message>(&mut all);
    add::<NowPlaying>(&mut all);
    add::<PresenceWord>(&mut all);
    add::<RoomView>(&mut all);
    add::<Timestamp>(&mut all);
    add::<Uid>(&mut all);
    all.into_iter()
        .map(|(name, schema)| (name, json!(schema)))
        .collect()
}

fn add<T: ToSchema + PartialSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}
