//! Owns the multipart form of a new material. Called by `http/resources/materials.rs`. Must not
//! read the file: `http/input/uploads.rs` streams it.

use crate::{
    domain::{
        files::{
            file_name::safe_pdf_name,
            material::{MaterialStatus, MaterialText, SentMaterialText},
        },
        shape::{Bytes, Text},
    },
    http::{
        error::ApiResult,
        input::uploads::{Form, TextField},
    },
    services::{ServiceError, files::incoming::UploadedFile, materials::NewMaterial},
};
use schemars::JsonSchema;

/// The fields of the form as they arrived.
#[derive(Debug, Default, JsonSchema)]
#[schemars(inline)]
pub struct UploadForm {
    #[schemars(flatten)]
    text: SentMaterialText,
    /// Default: active.
    #[schemars(default, with = "Text", extend("enum" = ["active", "draft"]))]
    status: Option<String>,
    /// A PDF of at most 10 MiB: not encrypted, without scripts, launch actions or embedded files.
    #[schemars(default, with = "Bytes")]
    file: Option<UploadedFile>,
}

impl Form for UploadForm {
    fn text_fields(&mut self) -> Vec<TextField<'_>> {
        vec![
            TextField::new("title", 2_048, &mut self.text.title),
            TextField::new("category", 1_024, &mut self.text.category),
            TextField::new("body", 400_100, &mut self.text.body),
            TextField::new("status", 64, &mut self.status),
        ]
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
    pub fn fingerprint(&mut self) -> Vec<u8> {
        let texts = format!("{:?}", self.text_fields().iter().map(TextField::text).collect::<Vec<_>>());
        let file = self.file.as_ref().map(|file| (&file.name, &file.sha256));
        format!("{texts}{file:?}").into_bytes()
    }

    /// Checks the texts and reports all mistakes at once.
    pub fn parse(self) -> ApiResult<NewMaterial> {
        let texts = MaterialText::parse(&self.text);
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
