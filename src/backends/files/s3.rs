//! Owns the files in an S3-compatible service: PUT for small bodies, multipart upload for large
//! ones (aborted on failure), presigned GET links. Settings and credentials come from
//! [`S3Settings`] alone. Must not read the environment or a metadata service.

use super::{Files, LinkClaim, LinkOptions, LinkedFile, NewFile, SignedLink, StoredObject};
use crate::{
    backends::{BackendError, BackendResult},
    config::S3Settings,
    domain::files::file_key::FileKey,
    wire::content_disposition::content_disposition,
};
use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
    primitives::{ByteStream, Length},
    types::{CompletedMultipartUpload, CompletedPart},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// Bodies above this size are uploaded in parts, in bytes.
const MULTIPART_ABOVE_BYTES: u64 = 8 * 1024 * 1024;
/// Size of a part, in bytes; S3 requires at least 5 MiB for all but the last.
const PART_BYTES: u64 = 8 * 1024 * 1024;
/// The longest lifetime S3 accepts for a presigned request, in s.
const MAX_LINK_LIFETIME_S: u64 = 7 * 24 * 3600;

/// Files in a bucket.
#[derive(Debug, Clone)]
pub struct S3Files {
    client: Client,
    bucket: String,
    origin: String,
}

impl S3Files {
    /// Makes a client for the configured bucket. Sends nothing before the first call;
    /// [`Files::check`] asks the service.
    #[must_use]
    pub fn new(settings: &S3Settings) -> Self {
        let credentials = Credentials::new(&settings.access_key_id, &settings.secret_access_key, None, None, "educounsel settings");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(15))
            .operation_attempt_timeout(Duration::from_secs(60))
            .operation_timeout(Duration::from_secs(120))
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(credentials)
            .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            // Many S3-compatible services do not know the newer default checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(settings.path_style);
        if !settings.endpoint.is_empty() {
            config = config.endpoint_url(&settings.endpoint);
        }
        Self { client: Client::from_conf(config.build()), bucket: settings.bucket.clone(), origin: browser_origin(settings) }
    }

    async fn put_whole(&self, file: &NewFile<'_>) -> BackendResult<()> {
        let body = ByteStream::from_path(file.path).await.map_err(broken)?;
        let request = self.client.put_object().bucket(&self.bucket).key(file.key.as_str()).body(body);
        let request = request.content_type(file.content_type).metadata("sha256", file.sha256);
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn put_in_parts(&self, file: &NewFile<'_>) -> BackendResult<()> {
        let request = self.client.create_multipart_upload().bucket(&self.bucket).key(file.key.as_str());
        let request = request.content_type(file.content_type).metadata("sha256", file.sha256);
        let started = request.send().await.map_err(refused)?;
        let upload_id = started.upload_id().ok_or_else(|| BackendError::Files("no upload id".to_owned()))?;
        let finished = self.send_parts(file, upload_id).await;
        if finished.is_err() {
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(file.key.as_str()).upload_id(upload_id);
            if let Err(error) = abort.send().await {
                tracing::warn!(key = %file.key, error = %DisplayErrorContext(&error), "multipart upload could not be aborted");
            }
        }
        finished
    }

    async fn send_parts(&self, file: &NewFile<'_>, upload_id: &str) -> BackendResult<()> {
        let mut parts = CompletedMultipartUpload::builder();
        for (number, offset) in (1..).zip((0..file.size_bytes).step_by(usize::try_from(PART_BYTES).unwrap_or(usize::MAX))) {
            let length = PART_BYTES.min(file.size_bytes - offset);
            let request = self.client.upload_part().bucket(&self.bucket).key(file.key.as_str()).upload_id(upload_id);
            let body = part_of(file.path, offset, length).await?;
            let sent = request.part_number(number).body(body).send().await.map_err(refused)?;
            let tag = sent.e_tag().ok_or_else(|| BackendError::Files("part without a tag".to_owned()))?;
            parts = parts.parts(CompletedPart::builder().part_number(number).e_tag(tag).build());
        }
        let request = self.client.complete_multipart_upload().bucket(&self.bucket).key(file.key.as_str());
        request.upload_id(upload_id).multipart_upload(parts.build()).send().await.map_err(refused)?;
        Ok(())
    }
}

#[async_trait]
impl Files for S3Files {
    async fn put_file(&self, file: &NewFile<'_>) -> BackendResult<()> {
        if file.size_bytes > MULTIPART_ABOVE_BYTES { self.put_in_parts(file).await } else { self.put_whole(file).await }
    }

    async fn put_text(&self, key: &FileKey, text: &str) -> BackendResult<()> {
        let request = self.client.put_object().bucket(&self.bucket).key(key.as_str()).content_type("text/plain; charset=utf-8");
        request.body(ByteStream::from(text.as_bytes().to_vec())).send().await.map(|_| ()).map_err(refused)
    }

    async fn delete(&self, key: &FileKey) -> BackendResult<()> {
        match self.client.delete_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            answer => answer.map(|_| ()).map_err(refused),
        }
    }

    async fn exists(&self, key: &FileKey) -> BackendResult<bool> {
        match self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> BackendResult<Vec<StoredObject>> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let request = request.max_keys(i32::try_from(limit).unwrap_or(1000).min(1000)).set_start_after(after.map(ToOwned::to_owned));
        let answer = request.send().await.map_err(refused)?;
        let stored = |object: &aws_sdk_s3::types::Object| {
            let modified_at_ms = object.last_modified()?.to_millis().ok()?;
            Some(StoredObject { key: object.key()?.to_owned(), modified_at_ms })
        };
        Ok(answer.contents().iter().filter_map(stored).collect())
    }

    async fn signed_url(&self, key: &FileKey, options: &LinkOptions<'_>) -> BackendResult<SignedLink> {
        let lifetime = Duration::from_secs(options.expires_in_s.clamp(1, MAX_LINK_LIFETIME_S));
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(options.now_ms.max(0).unsigned_abs());
        let presigning = PresigningConfig::builder().start_time(now).expires_in(lifetime).build().map_err(broken)?;
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str());
        let request = request.response_content_type(options.content_type);
        let request = request.response_content_disposition(content_disposition(options.disposition, options.file_name));
        let presigned = request.presigned(presigning).await.map_err(refused)?;
        let lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        Ok(SignedLink { url: presigned.uri().to_owned(), expires_at_ms: options.now_ms.saturating_add(lifetime_ms) })
    }

    async fn check(&self) -> BackendResult<()> {
        self.client.head_bucket().bucket(&self.bucket).send().await.map(|_| ()).map_err(refused)
    }

    fn connect_sources(&self) -> Vec<String> {
        vec![self.origin.clone()]
    }

    fn open_link(&self, _claim: &LinkClaim<'_>, _now_ms: i64) -> Option<LinkedFile> {
        None
    }

    async fn remove_remains(&self, _before_ms: i64) -> BackendResult<u64> {
        // Parts of uploads whose process died: S3 offers a lifecycle rule for them
        // (docs/operations.md).
        Ok(0)
    }
}

/// Returns the origin with which presigned links begin.
fn browser_origin(settings: &S3Settings) -> String {
    if settings.endpoint.is_empty() {
        return if settings.path_style {
            format!("https://s3.{}.amazonaws.com", settings.region)
        } else {
            format!("https://{}.s3.{}.amazonaws.com", settings.bucket, settings.region)
        };
    }
    let (scheme, rest) = settings.endpoint.split_once("://").unwrap_or(("https", &settings.endpoint));
    let host = rest.split('/').next().unwrap_or(rest);
    if settings.path_style { format!("{scheme}://{host}") } else { format!("{scheme}://{}.{host}", settings.bucket) }
}

async fn part_of(path: &Path, offset: u64, length: u64) -> BackendResult<ByteStream> {
    ByteStream::read_from().path(path).offset(offset).length(Length::Exact(length)).build().await.map_err(broken)
}

/// Keeps the service's answer for the log.
fn refused<E, R>(error: SdkError<E, R>) -> BackendError
where
    SdkError<E, R>: std::error::Error,
{
    BackendError::Files(DisplayErrorContext(&error).to_string())
}

/// Keeps the local error for the log.
fn broken(error: impl std::error::Error) -> BackendError {
    BackendError::Files(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_may_load_from_the_host_that_links_point_to() {
        let settings = |endpoint: &str, path_style| S3Settings {
            bucket: "files".into(),
            region: "ap-southeast-3".into(),
            endpoint: endpoint.into(),
            path_style,
            ..S3Settings::default()
        };
        assert_eq!(browser_origin(&settings("http://127.0.0.1:9000/", true)), "http://127.0.0.1:9000");
        assert_eq!(browser_origin(&settings("https://s3.school.example", false)), "https://files.s3.school.example");
        assert_eq!(browser_origin(&settings("", true)), "https://s3.ap-southeast-3.amazonaws.com");
        assert_eq!(browser_origin(&settings("", false)), "https://files.s3.ap-southeast-3.amazonaws.com");
    }
}
