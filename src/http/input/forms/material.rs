//! Owns the multipart form of a new material. Called by `http/resources/materials.rs`. Must not
//! read the file: `http/input/uploads.rs` streams it.

use crate::{
    domain::{
        files::{
            file_name::safe_pdf_name,
            material::{MaterialStatus, MaterialText},
        },
        shape::{Bytes, Text},
    },
    http::{error::ApiResult, input::uploads::Form},
    services::{ServiceError, files::incoming::UploadedFile, materials::NewMaterial},
};
use schemars::JsonSchema;

/// The fields of the form as they arrived.
#[derive(Debug, Default, JsonSchema)]
#[schemars(inline)]
pub struct UploadForm {
    /// One line.
    #[schemars(with = "Text", length(min = 1, max = 160))]
    title: Option<String>,
    /// One line.
    #[schemars(with = "Text", length(min = 1, max = 60))]
    category: Option<String>,
    /// The text.
    #[schemars(default, with = "Text", length(min = 0, max = 100_000))]
    body: Option<String>,
    /// Default: active.
    #[schemars(default, with = "Text", extend("enum" = ["active", "draft"]))]
    status: Option<String>,
    /// A PDF of at most 10 MiB: not encrypted, without scripts, launch actions or embedded files.
    #[schemars(default, with = "Bytes")]
    file: Option<UploadedFile>,
}

impl Form for UploadForm {
    const TEXT_FIELDS: &'static [(&'static str, usize)] = &[("title", 2_048), ("category", 1_024), ("body", 400_100), ("status", 64)];

    fn text_slot(&mut self, field: &'static str) -> &mut Option<String> {
        match field {
            "title" => &mut self.title,
            "category" => &mut self.category,
            "body" => &mut self.body,
            _ => &mut self.status,
        }
    }

    fn set_file(&mut self, file: UploadedFile) {
        self.file = Some(file);
    }

    fn file_name(sent: &str) -> String {
        safe_pdf_name(sent)
    }
}

impl UploadForm {
    /// Returns the bytes that identify the upload for `Idempotency-Key`.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        let texts = [&self.title, &self.category, &self.body, &self.status];
        let file = self.file.as_ref().map(|file| (&file.name, &file.sha256));
        format!("{texts:?}{file:?}").into_bytes()
    }

    /// Checks the texts and reports all mistakes at once.
    pub fn parse(self) -> ApiResult<NewMaterial> {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let texts = MaterialText::parse(&text(&self.title), &text(&self.category), &text(&self.body));
        let status =
            self.status.as_deref().filter(|status| !status.is_empty()).map_or(Ok(MaterialStatus::Active), MaterialStatus::parse_field);
        match (texts, status) {
            (Ok(text), Ok(status)) => Ok(NewMaterial { text, status, file: self.file }),
            (texts, status) => {
                let errors = texts.err().unwrap_or_default().into_iter().chain(status.err()).collect();
                Err(ServiceError::validation(errors).into())
            }
        }
    }
}
