//! Owns the security headers of every answer, whatever its route. Called by actix-web for every
//! request, and by the answers that the raw transport writes itself. Must not overwrite how long a
//! handler lets its answer be kept.

use crate::services::{Context, materials};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web,
};

/// The fixed headers. Browsers heed HSTS behind TLS only. It has no `includeSubDomains`, because
/// other names below the school's domain may belong to other people's servers.
const FIXED: [(HeaderName, &str); 7] = [
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The content security policy of this server, ready for every answer.
#[derive(Debug, Clone)]
pub struct ContentPolicy(HeaderValue);

impl ContentPolicy {
    /// Makes the policy: everything comes from this server, and files also from `file_origins`. An
    /// origin that does not fit into a header is left out.
    #[must_use]
    pub fn new(file_origins: &[String]) -> Self {
        let fit = file_origins.iter().filter(|origin| !origin.contains([' ', ';', ',']));
        let storage: String = fit.map(|origin| format!(" {origin}")).collect();
        let text = format!(
            "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{storage}; connect-src 'self'{storage}; \
             worker-src 'self' blob:; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        Self(HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'")))
    }
}

/// Adds the headers to every answer. An answer without `Cache-Control` must not be stored.
pub async fn add_security_headers<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let policy = response.request().app_data::<web::Data<ContentPolicy>>().cloned();
    insert_headers(response.headers_mut(), policy.as_deref().map(AsRef::as_ref));
    Ok(response)
}

/// Inserts the headers of every answer.
pub fn insert_headers(headers: &mut HeaderMap, policy: Option<&ContentPolicy>) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Makes the policy of this server.
#[must_use]
pub fn policy_of(context: &Context) -> web::Data<ContentPolicy> {
    web::Data::new(ContentPolicy::new(&materials::file_origins(context)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: &[&str]) -> String {
        let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
        ContentPolicy::new(&origins).0.to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_inline_and_nothing_foreign_is_allowed() {
        let text = policy(&[]);
        assert!(text.starts_with("default-src 'self'; script-src 'self'; style-src 'self';"));
        assert!(!text.contains("unsafe") && !text.contains("http"));
    }

    #[test]
    fn files_may_come_from_the_object_storage() {
        let text = policy(&["http://minio.local:9000"]);
        assert!(text.contains("connect-src 'self' http://minio.local:9000;") && text.contains("blob: http://minio.local:9000;"), "{text}");
        assert_eq!(policy(&["http://a; script-src *"]), policy(&[]));
    }
}
