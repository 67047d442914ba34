//! Owns the receiving of a multipart form with at most one file. Called by the handlers of
//! materials and messages. Must not hold a whole file in memory.
//!
//! - It reads a chunk at a time, takes fields in any order, and bounds size and time.
//! - A request that ends early leaves no temporary file: the file goes with the value that owns it.
//! - The type of a form ([`Form`]) names its fields.

use super::json_body::declared_length;
use crate::{
    config::Config,
    domain::{files::material::MAX_FILE_BYTES, text::FieldError},
    http::error::{ApiError, ApiResult, FieldProblem},
    services::{
        ServiceError,
        files::incoming::{IncomingFile, UploadedFile, Written},
    },
};
use actix_multipart::{Field, Multipart, MultipartConfig, MultipartError};
use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{ConnectionType, header},
    web::{Bytes, Payload},
};
use futures_util::{Stream, StreamExt as _};
use std::{
    any::Any,
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes that a form may have besides its file: texts in any script, and the multipart frame.
const FORM_SLACK_BYTES: u64 = 1024 * 1024;
/// Most bytes of a form that wait to be read.
const BUFFER_BYTES: usize = 16 * 1024;
/// How much of a refused upload is still read and dropped, so that the client receives the answer
/// instead of a reset.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// How long the server reads after the refusal.
const LINGER: Duration = Duration::from_secs(1);

/// A text field of a form: its name, its limit and its value in one line.
pub struct TextField<'a> {
    name: &'static str,
    max_bytes: usize,
    text: &'a mut Option<String>,
}

impl<'a> TextField<'a> {
    /// Declares a field. `max_bytes`: four per character of its rule, and enough beyond it for the
    /// answer "too long".
    pub const fn new(name: &'static str, max_bytes: usize, text: &'a mut Option<String>) -> Self {
        Self { name, max_bytes, text }
    }

    /// Returns the text that came in.
    pub const fn text(&self) -> &Option<String> {
        self.text
    }
}

/// A form that can be received.
pub trait Form: Default {
    /// Returns the text fields that the form takes; every other name is refused.
    fn text_fields(&mut self) -> Vec<TextField<'_>>;

    /// Keeps the file.
    fn set_file(&mut self, file: UploadedFile);

    /// Returns the safe display name of a file sent under this name.
    fn file_name(sent: &str) -> String;
}

/// The refusal of a form. It holds the unread body until the answer is sent: the server would read
/// a chunked body without end once its reader is gone, while a held one makes the connection close.
pub struct Refused {
    error: ApiError,
    unread: Box<dyn Any>,
}

/// The body of an answer, together with the unread body of its request.
struct HoldingBody {
    body: BoxBody,
    _unread: Box<dyn Any>,
}

impl MessageBody for HoldingBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

impl Refused {
    /// Refuses a body that was not read at all.
    pub fn unread(error: impl Into<ApiError>, payload: Payload) -> Self {
        Self { error: error.into(), unread: Box::new(payload) }
    }

    /// Makes the answer; the connection closes after it.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::from_error(self.error);
        response.head_mut().set_connection_type(ConnectionType::Close);
        let unread = self.unread;
        response.map_body(|_, body| BoxBody::new(HoldingBody { body, _unread: unread }))
    }
}

/// Returns the buffer limits of forms, for the app data.
#[must_use]
pub fn form_buffers() -> MultipartConfig {
    MultipartConfig::new().buffer_limit(BUFFER_BYTES)
}

/// Receives the form.
///
/// Errors: 415 `request.media_type`, 413 `materials.file_too_large`, 408 `request.timeout`, 400
/// `request.malformed`, 422 `validation`.
pub async fn receive_form<F: Form>(request: &HttpRequest, mut payload: Payload, config: &Config) -> Result<F, Refused> {
    if let Err(error) = require_form(request) {
        return Err(Refused::unread(error, payload));
    }
    if declared_length(request).is_some_and(|bytes| bytes as u64 > MAX_FILE_BYTES + FORM_SLACK_BYTES) {
        linger(&mut payload).await;
        return Err(Refused::unread(too_large(), payload));
    }
    let deadline = Instant::now() + Duration::from_secs(config.http.upload_total_s);
    let timeouts = UploadTimeouts { idle: Duration::from_secs(config.http.upload_idle_s), deadline };
    let parts = match Multipart::from_request(request, &mut payload.into_inner()).await {
        Ok(parts) => parts,
        Err(_) => return Err(Refused { error: malformed_form(), unread: Box::new(()) }),
    };
    let mut reader = FormReader { parts, timeouts, read_bytes: 0 };
    reader.take_form(config).await.map_err(|error| Refused { error, unread: Box::new(reader) })
}

/// How slow a client may be: `idle` between two pieces, `deadline` for the whole upload.
#[derive(Debug, Clone, Copy)]
struct UploadTimeouts {
    idle: Duration,
    deadline: Instant,
}

impl UploadTimeouts {
    /// Waits for `work`, at most as long as the client may be silent and the upload may last.
    async fn within<T>(self, work: impl Future<Output = T>) -> ApiResult<T> {
        let too_slow = |_| ApiError::request("request.timeout", "the upload came too slowly");
        timeout_at(self.deadline, timeout(self.idle, work)).await.map_err(too_slow)?.map_err(too_slow)
    }
}

/// Reads parts within the limits of time and size.
struct FormReader {
    parts: Multipart,
    timeouts: UploadTimeouts,
    read_bytes: u64,
}

impl FormReader {
    async fn take_form<F: Form>(&mut self, config: &Config) -> ApiResult<F> {
        let mut form = F::default();
        let mut has_file_part = false;
        while let Some(mut part) = self.next_part().await? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                if std::mem::replace(&mut has_file_part, true) {
                    return Err(given_twice(&name));
                }
                if let Some(file) = self.take_file::<F>(&mut part, config).await? {
                    form.set_file(file);
                }
            } else {
                self.take_text(&mut part, &name, &mut form).await?;
            }
        }
        Ok(form)
    }

    async fn next_part(&mut self) -> ApiResult<Option<Field>> {
        self.timeouts.within(self.parts.next()).await?.transpose().map_err(|error| malformed(&error))
    }

    async fn next_chunk(&mut self, part: &mut Field) -> ApiResult<Option<Bytes>> {
        let chunk = self.timeouts.within(part.next()).await?.transpose().map_err(|error| malformed(&error))?;
        self.read_bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        // Texts and file have limits of their own; this one stops a form that endlessly sends
        // neither.
        if self.read_bytes > MAX_FILE_BYTES + FORM_SLACK_BYTES { Err(too_large()) } else { Ok(chunk) }
    }

    /// Receives the file; `None` when a browser sent the empty part of a form without one.
    async fn take_file<F: Form>(&mut self, part: &mut Field, config: &Config) -> ApiResult<Option<UploadedFile>> {
        let sent_name = part.content_disposition().and_then(|disposition| disposition.get_filename().map(ToOwned::to_owned));
        let mut incoming = IncomingFile::create(config).await.map_err(ServiceError::from)?;
        while let Some(chunk) = self.next_chunk(part).await? {
            if incoming.write(&chunk).await.map_err(ServiceError::from)? == Written::TooLarge {
                drop(incoming);
                linger(part).await;
                return Err(too_large());
            }
        }
        let is_absent = incoming.size_bytes() == 0 && sent_name.as_deref().unwrap_or_default().is_empty();
        if is_absent {
            return Ok(None);
        }
        let name = F::file_name(&sent_name.unwrap_or_default());
        Ok(Some(incoming.finish(name).await.map_err(ServiceError::from)?))
    }

    async fn take_text<F: Form>(&mut self, part: &mut Field, name: &str, form: &mut F) -> ApiResult<()> {
        let known = form.text_fields().into_iter().find(|field| field.name == name);
        let Some(TextField { name: field, max_bytes: limit, text: slot }) = known else { return Err(unknown_field(name)) };
        if slot.is_some() {
            return Err(given_twice(name));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next_chunk(part).await? {
            if bytes.len() + chunk.len() > limit {
                return Err(FieldError::new(field, "too_long", format!("at most {limit} bytes")).into());
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes).map_err(|_| FieldError::new(field, "type", "the text must be UTF-8"))?;
        *slot = Some(text);
        Ok(())
    }
}

/// Says whether a request declares a multipart form.
#[must_use]
pub fn is_form(request: &HttpRequest) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

fn require_form(request: &HttpRequest) -> ApiResult<()> {
    if is_form(request) {
        return Ok(());
    }
    Err(ApiError::request("request.media_type", "the body must be multipart/form-data"))
}

/// Reads and drops a bounded rest of a refused body.
async fn linger<S: Stream<Item = Result<Bytes, E>> + Unpin, E>(mut rest: S) {
    let mut left = LINGER_BYTES;
    let _ = timeout(LINGER, async {
        while let Some(Ok(chunk)) = rest.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    })
    .await;
}

fn too_large() -> ApiError {
    ServiceError::invalid("materials.file_too_large").into()
}

fn malformed(error: &MultipartError) -> ApiError {
    tracing::debug!(error = %error, "multipart form does not read");
    malformed_form()
}

fn malformed_form() -> ApiError {
    ApiError::request("request.malformed", "the multipart form does not read")
}

fn given_twice(name: &str) -> ApiError {
    ApiError::request("request.malformed", format!("the field {name} is given twice"))
}

fn unknown_field(name: &str) -> ApiError {
    let field = name.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
    ApiError::Fields(vec![FieldProblem { field, code: "unknown_value", message: "this field is not known".to_owned() }])
}
