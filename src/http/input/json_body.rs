//! Owns the reading of JSON bodies, bounded in size and time. Called by handlers, by
//! [`super::uploads`] and by the HTTP fallback. Must not answer a bad
//! body with anything but its documented error.

use crate::http::error::{ApiError, FieldProblem};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::Bytes};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Largest JSON body, in bytes. A material's text of 100,000 characters fits in any script,
/// escaped.
pub const LARGEST_BODY_BYTES: usize = 1_048_576;

/// How long a client may take for a JSON body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A parsed JSON body together with its bytes, which identify the request for `Idempotency-Key`.
///
/// Errors:
/// - 415 `request.media_type`: the request does not declare JSON
/// - 413 `request.too_large`
/// - 408 `request.timeout`
/// - 400 `request.malformed`: the body is not JSON
/// - 422 `validation`, with the field's path: a type or name does not fit
#[derive(Debug, Clone)]
pub struct JsonBody<T> {
    /// The parsed body.
    pub value: T,
    /// The body's bytes as they arrived.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Self::receive(&request, payload).await })
    }
}

impl<T: DeserializeOwned> JsonBody<T> {
    /// Reads the body at a point that the handler chooses: after the permission check. As an
    /// argument of the handler, the body would be read at the same time, and its failure could come
    /// first.
    pub async fn receive(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        if !is_json(request) {
            return Err(ApiError::request("request.media_type", "the body must be application/json"));
        }
        let bytes = read_body(payload, declared_length(request), LARGEST_BODY_BYTES).await?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

impl<T> JsonBody<T> {
    /// Reads a second shape from the same body. Unlike with `#[serde(flatten)]`, an error of either
    /// shape names the path of its field.
    pub fn also<U: DeserializeOwned>(&self) -> Result<U, ApiError> {
        parse(&self.bytes)
    }
}

/// Reads a whole body of at most `limit` bytes. Fails with 413, 408 or 400.
pub async fn read_body(payload: Payload, declared_bytes: Option<usize>, limit: usize) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::request("request.too_large", format!("at most {limit} bytes"));
    if declared_bytes.is_some_and(|bytes| bytes > limit) {
        return Err(too_large());
    }
    let mut payload = payload;
    let mut body = Vec::with_capacity(declared_bytes.unwrap_or(1024).min(65_536));
    let read = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::request("request.malformed", "the body was cut off"))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(result) => result?,
        Err(_) => return Err(ApiError::request("request.timeout", "the body came too slowly")),
    }
    Ok(body.into())
}

/// Returns the length that the client announced.
#[must_use]
pub fn declared_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Parses a body. Broken JSON is 400; JSON of another shape is 422 and names the field.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // serde_json calls a word of the wrong type (`null` for an enum) a fault of the syntax.
        let is_readable = || serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
        if error.inner().is_data() || is_readable() { shape_error(&path, error.inner()) } else { malformed() }
    })?;
    reader.end().map_err(|_| malformed())?;
    // serde also reads a struct from the array of its fields; every body here is an object.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(ApiError::Fields(vec![problem(".", "type", "this value has the wrong type")]));
    }
    Ok(value)
}

fn problem(field: &str, code: &'static str, message: &str) -> FieldProblem {
    FieldProblem { field: field.to_owned(), code, message: message.to_owned() }
}

fn malformed() -> ApiError {
    ApiError::request("request.malformed", "the body is not JSON")
}

fn shape_error(path: &str, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let prefix = if path == "." { String::new() } else { format!("{path}.") };
    let field = match (missing, text.starts_with("unknown variant")) {
        (Some(name), _) => problem(&format!("{prefix}{name}"), "required", "this field is required"),
        (None, true) => problem(path, "unknown_value", "this value is not known"),
        (None, false) => problem(path, "type", "this value has the wrong type"),
    };
    ApiError::Fields(vec![field])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shape::given;
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct TestBody {
        title: String,
        #[serde(default, deserialize_with = "given")]
        kind: Option<TestKind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum TestKind {
        Short,
    }

    async fn read(content_type: &str, body: impl Into<Bytes>) -> Result<JsonBody<TestBody>, ApiError> {
        let (request, mut payload) =
            TestRequest::default().insert_header((header::CONTENT_TYPE, content_type)).set_payload(body).to_http_parts();
        JsonBody::from_request(&request, &mut payload).await
    }

    async fn code(content_type: &str, body: impl Into<Bytes>) -> &'static str {
        read(content_type, body).await.unwrap_err().code()
    }

    #[actix_web::test]
    async fn a_body_is_parsed_and_kept() {
        let note = read("application/json; charset=utf-8", r#"{"title":"a","kind":"short"}"#).await.unwrap();
        assert_eq!(note.also::<serde_json::Value>().unwrap()["kind"], "short");
        assert_eq!(note.value.title, "a");
        assert_eq!(note.value.kind, Some(TestKind::Short));
        assert_eq!(note.bytes.len(), 28);
    }

    #[actix_web::test]
    async fn every_way_to_be_wrong_has_its_code() {
        assert_eq!(code("text/plain", "{}").await, "request.media_type");
        assert_eq!(code("application/json", "{").await, "request.malformed");
        assert_eq!(code("application/json", "").await, "request.malformed");
        assert_eq!(code("application/json", r#"{"title":"a"} x"#).await, "request.malformed");
        assert_eq!(code("application/json", vec![b' '; LARGEST_BODY_BYTES + 1]).await, "request.too_large");
        assert_eq!(code("application/json", b"{\"title\":\"\xff\"}".to_vec()).await, "request.malformed");
    }

    #[actix_web::test]
    async fn wrong_shapes_name_the_field() {
        let field = async |body: &'static str| match read("application/json", body).await.unwrap_err() {
            ApiError::Fields(fields) => (fields[0].field.clone(), fields[0].code),
            other => panic!("{other:?}"),
        };
        assert_eq!(field(r#"{"title":1}"#).await, ("title".into(), "type"));
        assert_eq!(field("{}").await, ("title".into(), "required"));
        assert_eq!(field(r#"{"title":"a","kind":"long"}"#).await, ("kind".into(), "unknown_value"));
        for kind in ["null", "7", "[]", "{}"] {
            let body = format!(r#"{{"title":"a","kind":{kind}}}"#);
            let ApiError::Fields(fields) = read("application/json", body).await.unwrap_err() else { panic!("{kind}") };
            assert_eq!((fields[0].field.as_str(), fields[0].code), ("kind", "type"), "{kind}");
        }
        assert_eq!(field("[]").await.1, "type");
        assert_eq!(field(r#" ["a"]"#).await, (".".into(), "type"), "the fields in order are no object");
    }
}
