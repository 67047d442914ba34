//! Owns the multipart form of a message with a file. Called by `http/resources/messages.rs`. Must
//! not read the file: `http/input/uploads.rs` streams it.

use crate::{
    domain::{
        conversations::conversation::MAX_BODY_CHARS,
        shape::{Bytes, Text},
    },
    http::input::uploads::{Form, TextField},
    services::{conversations::NewMessage, files::incoming::UploadedFile},
};
use schemars::JsonSchema;

/// The fields of the form as they arrived.
#[derive(Debug, Default, JsonSchema)]
#[schemars(inline)]
pub struct MessageForm {
    /// A UUID.
    #[schemars(with = "Text", length(equal = 36))]
    client_id: Option<String>,
    /// The text beside the file.
    #[schemars(default, with = "Text", length(min = 0, max = MAX_BODY_CHARS))]
    body: Option<String>,
    /// PDF, PNG, JPEG or WebP of at most 10 MiB; only in a form (`multipart/form-data`).
    #[schemars(default, with = "Bytes")]
    file: Option<UploadedFile>,
}

impl Form for MessageForm {
    fn text_fields(&mut self) -> Vec<TextField<'_>> {
        vec![TextField::new("client_id", 256, &mut self.client_id), TextField::new("body", 16_100, &mut self.body)]
    }

    fn set_file(&mut self, file: UploadedFile) {
        self.file = Some(file);
    }

    /// Keeps the name as it was sent: its ending is known only after the file was inspected.
    fn file_name(sent: &str) -> String {
        sent.to_owned()
    }
}

impl From<MessageForm> for NewMessage {
    fn from(form: MessageForm) -> Self {
        Self { client_id: form.client_id.unwrap_or_default(), body: form.body.unwrap_or_default(), upload: form.file }
    }
}
