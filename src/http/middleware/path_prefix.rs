//! Owns the removal of the path prefix that a proxy leaves before the paths of Pusher clients and
//! backends (`wsPath` of pusher-js, `path` of the SDK for PHP). Called by actix-web for every
//! request and by the gate of handshakes. Must not touch paths of the API or the web UI.
//!
//! - The prefix is gone before any route or signature check reads the path.
//! - The signature of a request covers the path without the prefix.

use crate::config::Config;
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Uri,
    middleware::Next,
    web,
};

/// First path segments that may follow the prefix.
const SERVED: [&str; 4] = ["app", "apps", "pusher", "users"];

/// Returns the path without the configured prefix. Returns it unchanged when no prefix is set, or
/// when the path behind the prefix is none of `SERVED`.
#[must_use]
pub fn inner_path<'a>(path: &'a str, config: &Config) -> &'a str {
    without(path, &config.realtime.path_prefix).unwrap_or(path)
}

fn without<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let inner = Some(prefix).filter(|prefix| !prefix.is_empty()).and_then(|prefix| path.strip_prefix(prefix))?;
    let first = inner.strip_prefix('/')?.split('/').next()?;
    SERVED.contains(&first).then_some(inner)
}

/// Hides the prefix from the routes. The outermost middleware.
pub async fn strip_prefix<B: MessageBody>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let context = request.app_data::<web::Data<crate::services::Context>>().cloned();
    let uri = context.and_then(|context| stripped(request.uri(), &context.config.realtime.path_prefix));
    if let Some(uri) = uri {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

fn stripped(uri: &Uri, prefix: &str) -> Option<Uri> {
    let path = without(uri.path(), prefix)?;
    let path_and_query = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_pusher_lose_the_prefix() {
        let read = |path: &'static str| stripped(&path.parse().unwrap(), "/ws").map(|uri| uri.to_string());
        assert_eq!(read("/ws/app/k?protocol=7&a=%20").as_deref(), Some("/app/k?protocol=7&a=%20"));
        assert_eq!(read("/ws/apps/7/events").as_deref(), Some("/apps/7/events"));
        assert_eq!(read("http://host/ws/pusher/app/k/1/x/xhr").as_deref(), Some("http://host/pusher/app/k/1/x/xhr"));
        for path in ["/app/k", "/ws", "/wsx/app/k", "/ws/api/v1/realtime", "/x/ws/app/k", "/ws/ws/app/k"] {
            assert_eq!(read(path), None, "{path}");
        }
        assert_eq!(stripped(&"//app/k".parse().unwrap(), ""), None);
    }
}
