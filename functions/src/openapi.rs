//! What the operations are, as OpenAPI 3.1 tells it: worked out from the operations themselves and from the types of their
//! bodies. What all of them share is added here: who may ask, how a request is refused, and an example of each.

use include_dir::{Dir, include_dir};
use roomtone_shared::error::Error;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::problem::{self, Problem};
use crate::{
    create_room, exit_room, find_playlist, get_room, history, leave_room, list_joined, list_rooms,
    list_unjoined, list_users, presence, reenter_room, send_message,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Roomtone", description = include_str!("openapi.md")),
    paths(
        create_room::create,
        find_playlist::find,
        list_rooms::list,
        get_room::show,
        list_users::list,
        list_joined::list,
        list_unjoined::list,
        leave_room::leave,
        exit_room::exit,
        reenter_room::reenter,
        history::page,
        history::whole,
        send_message::send,
        presence::who_is_on,
        presence::who_is_off,
        presence::turn_on,
        presence::turn_off,
    ),
    components(schemas(problem::Body)),
    tags(
        (name = "playlist server", description = "What the playlist server asks for."),
        (name = "rooms", description = "Rooms, and who is in them."),
        (name = "chat", description = "What was said."),
        (name = "presence", description = "Who is there."),
    )
)]
struct Documented;

/// What a token is.
const TOKEN: &str = "RS256 or ES256 by a published key (`kid`), or HS256. Claims: `sub` (the user's id), `nickname`, `exp`, and where they \
    are asked for `iss` and `aud`; `picture` and `nbf` if any. The playlist server's has `scope` with the word `service`, and may go \
    without `nickname`: then it creates, lists and finds rooms, and is no user.";

/// Where the first service had an operation, which answers there too.
const FIRST_PATHS: [(&str, &str); 3] = [
    (
        "/v1/api/chat/api/v1/rooms/joined/{roomId}",
        "/v1/api/chat/rooms/joined/{roomId}",
    ),
    (
        "/v1/api/chat/api/v1/history/{roomId}",
        "/v1/api/chat/history/{roomId}",
    ),
    ("/v1/api/chat/api/v1/message", "/v1/api/chat/message"),
];

/// Requests and their answers, a file for each operation, as the local run gave them.
static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples");

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut all = json!(Documented::openapi());
    all["components"]["securitySchemes"] = json!({"token": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": TOKEN,
    }});
    // Wherever it was read from.
    all["servers"] = json!([{"url": "/"}]);
    let refusals = refusals();
    for (kind, answer, _) in &refusals {
        all["components"]["responses"][kind] = answer.clone();
    }
    if let Some(paths) = all["paths"].as_object_mut() {
        for (path, item) in paths.iter_mut() {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                complete(path, operation, &refusals);
            }
        }
        for (first, now) in FIRST_PATHS {
            let mut item = paths[now].clone();
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                let id = operation["operationId"].as_str().unwrap_or_default();
                operation["operationId"] = format!("{id}AtFirstPath").into();
                operation["deprecated"] = true.into();
            }
            paths.insert(first.into(), item);
        }
    }
    all
}

/// A kind of problem, the answer as it is told, and its status.
type Refusal = (&'static str, Value, u16);

/// How requests are refused. The examples are what the code answers.
fn refusals() -> [Refusal; 10] {
    let too_fast = Error::TooFast {
        what: "a user gets at most 20 messages a second, 100 at once".into(),
        retry_after_s: 1,
    };
    [
        (
            Error::Malformed("size: must be a whole number from 1".into()).into(),
            "It cannot be read: no JSON, a wrong type, a bad parameter.",
        ),
        (
            Error::Unauthenticated("a token is needed".into()).into(),
            "There is no token, or one that does not hold.",
        ),
        (
            Error::Forbidden("you are not a member of this room".into()).into(),
            "Known, but not allowed.",
        ),
        (
            Error::NotFound("there is no such room".into()).into(),
            "There is no such thing.",
        ),
        (
            Problem::method_not_allowed(),
            "The path answers to other methods; `Allow` names them.",
        ),
        (
            Error::Conflict("this playlist's room has another owner".into()).into(),
            "It is at odds with what is there.",
        ),
        (
            Error::TooLarge("a body has at most 262144 bytes".into()).into(),
            "The body is longer than 256 KiB.",
        ),
        (
            Error::invalid("playlist.name", "is missing").into(),
            "It can be read, but `field` is missing or against a rule.",
        ),
        (
            too_fast.into(),
            "Faster than a limit; `Retry-After` says when it is worth trying again.",
        ),
        (
            Error::Unavailable("history").into(),
            "A part that is needed does not answer; `Retry-After` says when to try again.",
        ),
    ]
    .map(|(problem, about): (Problem, &str)| {
        let (status, kind) = (problem.status(), problem.kind());
        let content = json!({
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": problem.body(),
        });
        let mut answer = json!({
            "description": format!("`/problems/{kind}`: {about}"),
            "content": {"application/problem+json": content},
        });
        if matches!(status, 429 | 503) {
            answer["headers"] = json!({"Retry-After": {
                "description": "Seconds.", "schema": {"type": "integer", "minimum": 1},
            }});
        }
        (kind, answer, status)
    })
}

/// Adds what every operation has, and its example.
fn complete(path: &str, operation: &mut Value, refusals: &[Refusal]) {
    operation["security"] = json!([{"token": []}]);
    let parameters = operation["parameters"].as_array();
    let in_query = parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
    let in_body = operation.get("requestBody").is_some();
    let service = operation["tags"] == json!(["playlist server"]);
    let names_room = path.contains("{roomId}");
    for (kind, _, status) in refusals {
        let by_itself = match *status {
            401 | 503 => true,
            400 => in_query || in_body,
            413 | 422 => in_body,
            403 => !service,
            404 => names_room,
            _ => false,
        };
        let answers = &mut operation["responses"];
        let told = answers
            .get(status.to_string())
            .map(|one| one["description"].clone());
        if by_itself || told.is_some() {
            let mut answer = json!({"$ref": format!("#/components/responses/{kind}")});
            if let Some(told) = told {
                answer["description"] = told;
            }
            answers[status.to_string()] = answer;
        }
    }
    let name = operation["operationId"].as_str().unwrap_or_default();
    let file = EXAMPLES.get_file(format!("{name}.json"));
    let example = file.and_then(|file| serde_json::from_slice::<Value>(file.contents()).ok());
    if let Some(example) = example {
        show(example, operation);
    }
}

/// Puts an example where its request and its answer are told of.
fn show(example: Value, operation: &mut Value) {
    if let Some(parameters) = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
    {
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            if let Some(value) = example["parameters"].get(name) {
                parameter["example"] = value.clone();
            }
        }
    }
    if operation.get("requestBody").is_some() {
        operation["requestBody"]["content"]["application/json"]["example"] =
            example["body"].clone();
    }
    let content = format!("/responses/{}/content/application~1json", example["status"]);
    if let Some(content) = operation.pointer_mut(&content) {
        content["example"] = example["answer"].clone();
    }
}
