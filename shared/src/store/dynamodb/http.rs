//! How DynamoDB's client speaks HTTP: by the client that all other calls are made with. Its own would bring HTTP/2, which
//! DynamoDB does not speak, and read all certificates of the system even for an emulator that has none.

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::Full;
use hyper::body::Bytes;

use crate::outbound::Outbound;

/// Bytes of an answer at most. DynamoDB counts 16 MiB in other units than these.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The connector. The limits of time are those of the SDK, which it keeps to around each call.
#[derive(Clone, Debug)]
pub(super) struct Http(pub(super) Outbound);

impl HttpClient for Http {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(outbound) = self.clone();
        HttpConnectorFuture::new(async move { exchange(&outbound, request).await })
    }
}

async fn exchange(
    outbound: &Outbound,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|why| ConnectorError::user(why.into()))?;
    // What is asked of DynamoDB is in memory, never a stream.
    let request =
        request.map(|body| Full::new(Bytes::copy_from_slice(body.bytes().unwrap_or(&[]))));
    let answer = outbound.exchange(request, ANSWER_BYTES_MAX).await;
    let answer = answer.map_err(ConnectorError::io)?;
    HttpResponse::try_from(answer.map(SdkBody::from))
        .map_err(|why| ConnectorError::other(why.into(), None))
}
