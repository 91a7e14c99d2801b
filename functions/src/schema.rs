//! What texts of a body may be, as OpenAPI says it. The rules are those of the domain, which checks them; here they are told.

use roomtone_shared::limits;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Control characters, which ids and names have none of.
macro_rules! no_controls {
    ($more:literal) => {
        concat!("[^\\u0000-\\u001f\\u007f-\\u009f", $more, "]")
    };
}

const NO_CONTROLS: &str = concat!("^", no_controls!(""), "*$");
/// Nor characters that turn the direction of the text around them; and something to see.
const NICK_NAME: &str = concat!(
    "^(?=.*\\S)",
    no_controls!("\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"),
    "*$"
);
const IMAGE_URL: &str = concat!(
    "^(https://",
    no_controls!("\\s\\\\/"),
    "|/(?!/))",
    no_controls!("\\s\\\\"),
    "*$"
);
const PLAYTIME: &str = "^(?=.*[1-9])([0-9]{1,3}:[0-5][0-9]|[0-9]{1,2}:[0-5][0-9]:[0-5][0-9])$";

/// How many of a list: from 1, and what is more than the most is taken as that.
pub(crate) struct Size;

impl PartialSchema for Size {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        number.minimum(Some(1)).into()
    }
}

impl ToSchema for Size {}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(
    dead_code,
    reason = "`Params` reads them, and this is what they are told as"
)]
pub(crate) struct Paging {
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many: 12 where absent, and never more than 20.
    #[param(inline)]
    size: Option<Size>,
}

fn text(max: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(Some(1)).max_length(Some(max))
}

/// An id of another service: a string, or a whole number, which is taken as its digits.
fn own_id(text: ObjectBuilder) -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    let number = number.minimum(Some(i64::MIN)).maximum(Some(u64::MAX));
    OneOfBuilder::new().item(text).item(number).build().into()
}

pub(crate) fn id() -> Schema {
    own_id(text(limits::NAME_CHARS_MAX))
}

pub(crate) fn uid() -> Schema {
    own_id(text(limits::UID_CHARS_MAX).pattern(Some(NO_CONTROLS)))
}

/// The same, or nothing: null is as good as absent.
fn or_nothing(schema: Schema) -> Schema {
    let nothing = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new()
        .item(schema)
        .item(nothing)
        .build()
        .into()
}

pub(crate) fn id_if_any() -> Schema {
    or_nothing(id())
}

pub(crate) fn image_url_if_any() -> Schema {
    or_nothing(image_url())
}

pub(crate) fn name() -> Schema {
    text(limits::NAME_CHARS_MAX).build().into()
}

pub(crate) fn nick_name() -> Schema {
    let name = text(limits::NICKNAME_CHARS_MAX).pattern(Some(NICK_NAME));
    name.description(Some("Counted and kept in NFC, trimmed."))
        .build()
        .into()
}

pub(crate) fn image_url() -> Schema {
    let url = text(limits::URL_CHARS_MAX).pattern(Some(IMAGE_URL));
    url.description(Some("An https URL, or a path of this server."))
        .build()
        .into()
}

pub(crate) fn content() -> Schema {
    // What is trimmed away may come in any length; whoever keeps to this is within the bound for sure.
    let content = text(limits::CONTENT_CHARS_MAX).pattern(Some(r"\S"));
    let about = "1 to 2,000 characters after trimming.";
    content.description(Some(about)).build().into()
}

pub(crate) fn playtime() -> Schema {
    let time = ObjectBuilder::new().schema_type(Type::String);
    time.pattern(Some(PLAYTIME))
        .description(Some("`m:ss` or `h:mm:ss`, more than zero."))
        .build()
        .into()
}

pub(crate) fn client_message_id() -> Schema {
    let id = text(limits::CLIENT_MESSAGE_ID_CHARS_MAX).pattern(Some(NO_CONTROLS));
    or_nothing(id.build().into())
}
