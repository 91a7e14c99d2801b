//! An answer whose JSON is written already.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// JSON as it goes out.
pub(crate) struct WrittenJson(pub(crate) Vec<u8>);

impl IntoResponse for WrittenJson {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}
