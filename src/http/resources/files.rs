//! Owns the route of `/files/{key}`: the bytes behind a link that this server signed. Called by the
//! route table. Must not compress, because ranges count plain bytes.
//!
//! - The route needs no login: the signature covers the key, the expiry and the
//!   file name.

use crate::{
    domain::{conversations::attachment::AttachmentKind, files::file_key::FileKey},
    http::error::{ApiError, ApiResult},
    services::{
        Context, ServiceError,
        materials::{LinkClaim, LinkedFile, open_link},
    },
    wire::{
        byte_range::{ByteRange, byte_range},
        content_disposition::{Disposition, content_disposition},
    },
};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, ContentEncoding, HeaderName},
    },
    web,
};
use serde::Deserialize;
use std::io::{ErrorKind, SeekFrom};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

/// Bytes read from the disk at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// An object never changes under its key; a week is the product's rule for PDFs.
const CACHE_CONTROL: &str = "private, max-age=604800, immutable";

/// The signed query; what is missing cannot have been signed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignedQuery {
    expires: String,
    disposition: String,
    name: String,
    signature: String,
}

/// `GET /files/{key}`: 200, 206, 304, 404 for a wrong or expired link, 416.
pub async fn serve(request: HttpRequest, context: web::Data<Context>, key: web::Path<FileKey>) -> ApiResult {
    let query = web::Query::<SignedQuery>::from_query(request.query_string()).map_err(|_| ApiError::not_found())?.into_inner();
    let claim =
        LinkClaim { key: &key, expires: &query.expires, disposition: &query.disposition, name: &query.name, signature: &query.signature };
    let linked = open_link(&context, &claim)?;
    let disposition = Disposition::parse(&query.disposition).ok_or_else(ApiError::not_found)?;
    let content_type = AttachmentKind::of_key(key.as_str()).map_or("application/octet-stream", AttachmentKind::content_type);
    answer(&request, linked, content_type, &content_disposition(disposition, &query.name)).await
}

async fn answer(request: &HttpRequest, linked: LinkedFile, content_type: &str, disposition: &str) -> ApiResult {
    let (file, size_bytes) = open(&linked).await?;
    let tag = format!("\"{}\"", linked.tag);
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(header::IF_NONE_MATCH).is_some_and(|known| names_tag(known, &tag)) {
        return Ok(with_validators(HttpResponse::NotModified(), &tag).finish());
    }
    let is_same = header(header::IF_RANGE).is_none_or(|known| known.trim() == tag);
    let range = byte_range(header(header::RANGE).filter(|_| is_same), size_bytes);
    let (status, first, length, content_range) = match range {
        ByteRange::Unsatisfiable => {
            let mut response = with_validators(HttpResponse::RangeNotSatisfiable(), &tag);
            return Ok(response.insert_header((header::CONTENT_RANGE, format!("bytes */{size_bytes}"))).finish());
        }
        ByteRange::Whole => (StatusCode::OK, 0, size_bytes, None),
        ByteRange::Part(part) => {
            let (first, last) = part.into_inner();
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1, Some(format!("bytes {first}-{last}/{size_bytes}")))
        }
    };
    let mut response = with_validators(HttpResponse::build(status), &tag);
    response.content_type(content_type).insert_header((header::CONTENT_DISPOSITION, disposition));
    if let Some(content_range) = content_range {
        response.insert_header((header::CONTENT_RANGE, content_range));
    }
    Ok(response.body(SizedStream::new(length, read_part(file, first, length).await?)))
}

/// Adds the headers that every answer about an object carries.
fn with_validators(mut response: HttpResponseBuilder, tag: &str) -> HttpResponseBuilder {
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(ContentEncoding::Identity);
    response
}

/// Opens the file and measures it; a missing file is 404.
async fn open(linked: &LinkedFile) -> ApiResult<(File, u64)> {
    let broken = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ApiError::not_found(),
        _ => ServiceError::from(error).into(),
    };
    let file = File::open(&linked.path).await.map_err(broken)?;
    let metadata = file.metadata().await.map_err(broken)?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(ApiError::not_found()) }
}

async fn read_part(mut file: File, first: u64, length: u64) -> ApiResult<ReaderStream<tokio::io::Take<File>>> {
    file.seek(SeekFrom::Start(first)).await.map_err(ServiceError::from)?;
    Ok(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES))
}

/// Says whether an `If-None-Match` header names the tag; weak tags count too (RFC 9110).
fn names_tag(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_tags_are_recognised_in_every_form() {
        for header in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names_tag(header, "\"a\""), "{header}");
        }
        for header in ["", "a", "\"b\"", "\"a"] {
            assert!(!names_tag(header, "\"a\""), "{header}");
        }
    }
}
