//! Owns the check whether a browser's request comes from one of our own pages. Called by
//! [`super::credentials`], the gate of handshakes and the sign-in handler. Must not compare
//! schemes: a proxy may have ended TLS.

use crate::config::Config;
use actix_web::http::{
    Uri,
    header::{self, HeaderMap},
};

/// Says whether the request's `Origin` is this server: the `Host` of the request, or
/// `http.public_url`. The scheme is ignored, because a proxy may have ended TLS. `None` without an
/// `Origin`.
#[must_use]
pub fn same_origin(headers: &HeaderMap, uri: &Uri, config: &Config) -> Option<bool> {
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let Some(origin_host) = authority_of(origin) else { return Some(false) };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let asked_under = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    let is_host = asked_under.is_some_and(|host| host.eq_ignore_ascii_case(origin_host));
    let is_public = authority_of(&config.http.public_url).is_some_and(|public| public.eq_ignore_ascii_case(origin_host));
    Some(is_host || is_public)
}

/// Says whether a page of the request's `Origin` may open the built-in app's socket with a login
/// cookie: our own pages and those of `http.allowed_origins`. A request without an `Origin` comes
/// from a program, not from a page, and is allowed.
#[must_use]
pub fn allowed_origin(headers: &HeaderMap, uri: &Uri, config: &Config) -> bool {
    let listed = || {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
        config.http.allowed_origins.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
    };
    same_origin(headers, uri, config).is_none_or(|is_same| is_same || listed())
}

/// Says whether a change requested with a cookie comes from one of our own pages: by a same-origin
/// `Origin`, or by the header in which the browser says so itself.
#[must_use]
pub fn is_own_page(headers: &HeaderMap, uri: &Uri, config: &Config) -> bool {
    let says_browser = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    says_browser || same_origin(headers, uri, config) == Some(true)
}

/// Returns `host[:port]` of a URL, without the default port of its scheme.
fn authority_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next().filter(|authority| !authority.is_empty())?;
    let standard_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    Some(authority.strip_suffix(standard_port).unwrap_or(authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.http.public_url = "https://bk.example.sch.id/".into();
        config.http.allowed_origins = vec!["https://portal.example.sch.id".into()];
        config
    }

    #[test]
    fn own_pages_are_told_by_host_or_public_url() {
        let same = |pairs: &[(&'static str, &'static str)]| same_origin(&headers(pairs), &Uri::from_static("/"), &config());
        assert_eq!(same(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]), Some(true));
        assert_eq!(same(&[("origin", "https://localhost:8080"), ("host", "LOCALHOST:8080")]), Some(true));
        assert_eq!(same(&[("origin", "https://bk.example.sch.id"), ("host", "10.0.0.5:8080")]), Some(true));
        assert_eq!(same(&[("origin", "http://localhost:81"), ("host", "localhost:8080")]), Some(false));
        assert_eq!(same(&[("origin", "null"), ("host", "localhost")]), Some(false));
        assert_eq!(same(&[("origin", "https://evil.example"), ("host", "localhost")]), Some(false));
        assert_eq!(same(&[("host", "localhost")]), None);
    }

    #[test]
    fn sockets_also_open_from_listed_pages_and_from_programs() {
        let allowed = |pairs: &[(&'static str, &'static str)]| allowed_origin(&headers(pairs), &Uri::from_static("/"), &config());
        assert!(allowed(&[("origin", "https://portal.example.sch.id"), ("host", "localhost")]));
        assert!(allowed(&[("host", "localhost")]));
        assert!(!allowed(&[("origin", "https://evil.example"), ("host", "localhost")]));
        assert!(!allowed(&[("origin", "https://portal.example.sch.id.evil.example"), ("host", "localhost")]));
    }

    #[test]
    fn changes_by_cookie_need_a_word_from_the_browser() {
        let own = |pairs: &[(&'static str, &'static str)]| is_own_page(&headers(pairs), &Uri::from_static("/"), &config());
        assert!(own(&[("sec-fetch-site", "same-origin"), ("host", "localhost")]));
        assert!(own(&[("origin", "http://localhost"), ("host", "localhost")]));
        assert!(!own(&[("sec-fetch-site", "same-site"), ("host", "localhost")]));
        assert!(!own(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("host", "localhost")]));
        assert!(!own(&[("origin", "https://portal.example.sch.id"), ("host", "localhost")]));
        assert!(!own(&[("host", "localhost")]));
    }
}
