//! The multipart form of a message with a file.

use crate::{
    http::input::uploads::{Form, TextField},
    services::{conversations::NewMessage, files::incoming::UploadedFile},
};

/// The form as it came in.
#[derive(Debug, Default)]
pub struct MessageForm {
    client_id: Option<String>,
    body: Option<String>,
    file: Option<UploadedFile>,
}

impl Form for MessageForm {
    fn text_fields(&mut self) -> Vec<TextField<'_>> {
        vec![TextField::new("client_id", 256, &mut self.client_id), TextField::new("body", 16_100, &mut self.body)]
    }

    fn set_file(&mut self, file: UploadedFile) {
        self.file = Some(file);
    }

    /// The name as it was sent: which ending it gets is known only when the file was looked into.
    fn file_name(sent: &str) -> String {
        sent.to_owned()
    }
}

impl From<MessageForm> for NewMessage {
    fn from(form: MessageForm) -> Self {
        Self { client_id: form.client_id.unwrap_or_default(), body: form.body.unwrap_or_default(), upload: form.file }
    }
}
