//! The headers every answer carries, whatever the route: what browsers may do with it and who may keep it.

use crate::{config::Config, services::Context};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web,
};

/// The fixed headers. HSTS counts only behind TLS; browsers ignore it elsewhere.
const FIXED: [(HeaderName, &str); 7] = [
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The content security policy of this server, ready for every answer.
#[derive(Debug, Clone)]
pub struct ContentPolicy(HeaderValue);

impl ContentPolicy {
    /// Makes the policy: everything from this server, files also from the object storage. Returns the strictest policy if the storage's address
    /// is not fit for a header.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let storage = storage_origins(config);
        let text = format!(
            "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{storage}; connect-src 'self'{storage}; \
             worker-src 'self' blob:; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        Self(HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'")))
    }
}

/// Returns the origins under which the object storage hands out files, each with a leading space; empty when files are on disk.
fn storage_origins(config: &Config) -> String {
    let s3 = &config.s3;
    if s3.bucket.is_empty() {
        return String::new();
    }
    let endpoint = if s3.endpoint.is_empty() { format!("https://s3.{}.amazonaws.com", s3.region) } else { s3.endpoint.clone() };
    let Some((scheme, rest)) = endpoint.split_once("://") else { return String::new() };
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains([' ', ';', ',']) {
        return String::new();
    }
    if s3.path_style { format!(" {scheme}://{host}") } else { format!(" {scheme}://{}.{host}", s3.bucket) }
}

/// Adds the headers to every answer; an answer that does not say how long it keeps is not kept.
pub async fn add_security_headers<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let policy = response.request().app_data::<web::Data<ContentPolicy>>().map(|policy| policy.0.clone());
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Makes the policy of a context's settings.
#[must_use]
pub fn policy_of(context: &Context) -> web::Data<ContentPolicy> {
    web::Data::new(ContentPolicy::new(&context.config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        ContentPolicy::new(&config).0.to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_inline_and_nothing_foreign_is_allowed() {
        let text = policy(|_| ());
        assert!(text.starts_with("default-src 'self'; script-src 'self'; style-src 'self';"));
        assert!(!text.contains("unsafe") && !text.contains("http"));
    }

    #[test]
    fn files_may_come_from_the_object_storage() {
        let text = policy(|config| {
            config.s3.bucket = "files".into();
            config.s3.endpoint = "http://minio.local:9000/x".into();
        });
        assert!(text.contains("connect-src 'self' http://minio.local:9000;"), "{text}");
        let text = policy(|config| {
            config.s3.bucket = "files".into();
            config.s3.region = "ap-southeast-3".into();
            config.s3.path_style = false;
        });
        assert!(text.contains("blob: https://files.s3.ap-southeast-3.amazonaws.com;"), "{text}");
    }
}
