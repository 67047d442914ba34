//! Owns the delivery of the web UI, which is embedded in the binary. Called by the route table as
//! its default handler. Must not answer a program's unknown path with the page.
//!
//! - Browsers keep hashed assets for a year; they ask again for the page itself every time.
//! - Text is compressed once per process.

use super::error::{ApiError, ApiResult};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderMap},
    },
    web::Bytes,
};
use dashmap::DashMap;
use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::{io::Write as _, sync::LazyLock};

/// The files that Vite built; empty when the web UI was not built.
#[derive(RustEmbed)]
#[folder = "static/dist"]
#[allow_missing = true]
struct Dist;

/// The page that starts the web UI.
const PAGE: &str = "index.html";

/// Paths that the web UI draws itself.
const PAGES: [&str; 4] = ["/", "/login", "/account", "/403"];
const PAGE_FOLDERS: [&str; 3] = ["/student/", "/guru/", "/admin/"];

/// Path prefixes that programs use. An unknown path below them gets the documented 404, never the
/// page.
const PROGRAM_FOLDERS: [&str; 6] = ["/api/", "/app/", "/apps/", "/assets/", "/broadcasting/", "/files/"];

/// Smaller files gain nothing from compression.
const SMALLEST_GZIP_BYTES: usize = 1024;

/// Compressed text files, by the hash of the plain file.
static COMPRESSED: LazyLock<DashMap<[u8; 32], Bytes>> = LazyLock::new(DashMap::new);

/// Answers every path that no route knows: with a file of the web UI, with its page, or with 404. A
/// browser that follows a link to an unknown path gets the page along with the 404, so that the
/// user can find a way back.
pub async fn serve_ui(request: HttpRequest) -> ApiResult {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::not_found());
    }
    let path = request.path().trim_start_matches('/');
    if let Some(file) = Dist::get(path).filter(|_| !path.is_empty() && path != PAGE) {
        return Ok(answer(&request, path, file));
    }
    match Dist::get(PAGE) {
        Some(page) if is_page(request.path()) && accepts_html(request.headers()) => Ok(answer(&request, PAGE, page)),
        Some(page) if is_navigation(&request) => Ok(lost_page(page)),
        _ => Err(ApiError::not_found()),
    }
}

fn is_page(path: &str) -> bool {
    PAGES.contains(&path) || PAGE_FOLDERS.iter().any(|folder| path.starts_with(folder) || path == folder.trim_end_matches('/'))
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_none_or(|accepted| accepted.contains("text/html") || accepted.contains("*/*"))
}

/// Says whether a person navigates: browsers accept `text/html` for a link or a typed address, not
/// for scripts and images.
fn is_navigation(request: &HttpRequest) -> bool {
    let names_html =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"));
    names_html && !PROGRAM_FOLDERS.iter().any(|folder| request.path().starts_with(folder))
}

fn lost_page(page: EmbeddedFile) -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(page.data.into_owned())
}

fn answer(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let content_type = file.metadata.mimetype().to_owned();
    let hash = file.metadata.sha256_hash();
    let plain = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let gzip = (accepts_gzip(request.headers()) && is_text(&content_type) && plain.len() >= SMALLEST_GZIP_BYTES)
        .then(|| compressed(hash, &plain))
        .flatten();
    let tag = etag(hash, gzip.is_some());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CACHE_CONTROL, cache_rule(path)));
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
    }
    let charset = if content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    response.insert_header((header::CONTENT_TYPE, format!("{content_type}{charset}")));
    match gzip {
        Some(body) => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(body),
        None => response.body(plain),
    }
}

/// Returns the `Cache-Control` of a path. Vite puts a hash of the content into the names under
/// `assets/`; any other file may change without a new name.
fn cache_rule(path: &str) -> &'static str {
    if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_named = matches!(parts.next(), Some("gzip" | "*"));
        is_named && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || ["javascript", "json", "svg", "wasm", "manifest", "xml"].iter().any(|kind| content_type.contains(kind))
}

fn compressed(hash: [u8; 32], plain: &Bytes) -> Option<Bytes> {
    if let Some(body) = COMPRESSED.get(&hash) {
        return Some(body.clone());
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::best());
    encoder.write_all(plain).ok()?;
    let body = Bytes::from(encoder.finish().ok()?);
    COMPRESSED.insert(hash, body.clone());
    Some(body)
}

fn etag(hash: [u8; 32], is_gzip: bool) -> String {
    let half = hash.get(..16).unwrap_or_default();
    format!("\"{}{}\"", crate::wire::signature::to_hex(half), if is_gzip { "-gz" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{body::to_bytes, test::TestRequest};
    use rust_embed::Metadata;

    fn file(text: String) -> EmbeddedFile {
        EmbeddedFile { data: text.into_bytes().into(), metadata: Metadata::__rust_embed_new([7; 32], None, None, "text/javascript") }
    }

    #[test]
    fn only_a_person_gets_a_page_for_an_unknown_path() {
        let asks = |path: &str, accept: &str| {
            is_navigation(&TestRequest::with_uri(path).insert_header((header::ACCEPT, accept)).to_http_request())
        };
        assert!(asks("/nowhere", "text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!asks("/nowhere", "*/*"));
        assert!(!asks("/api/v1/nowhere", "text/html"));
        assert!(!asks("/assets/gone-1a2b.js", "text/html"));
    }

    #[actix_web::test]
    async fn assets_are_compressed_kept_a_year_and_not_sent_twice() {
        let text = "let a = 1;\n".repeat(500);
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, "br, gzip")).to_http_request();
        let response = answer(&request, "assets/app-1a2b.js", file(text.clone()));
        assert_eq!(response.headers().get(header::CONTENT_ENCODING).unwrap(), "gzip");
        assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "public, max-age=31536000, immutable");
        let tag = response.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned();
        assert!(to_bytes(response.into_body()).await.unwrap().len() < text.len() / 4);
        let again = TestRequest::default()
            .insert_header((header::ACCEPT_ENCODING, "gzip"))
            .insert_header((header::IF_NONE_MATCH, tag))
            .to_http_request();
        assert_eq!(answer(&again, "assets/app-1a2b.js", file(text)).status(), 304);
    }

    #[test]
    fn only_paths_of_the_ui_are_pages() {
        for path in ["/", "/login", "/account", "/student/materi/1", "/guru/dashboard", "/admin/users", "/admin"] {
            assert!(is_page(path), "{path}");
        }
        for path in ["/api/v1/x", "/students", "/wp-login.php", "/login/x"] {
            assert!(!is_page(path), "{path}");
        }
        assert_eq!(cache_rule("favicon.svg"), "no-cache");
    }

    #[test]
    fn gzip_only_for_those_who_want_it() {
        let wants = |text: &'static str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, text)).to_http_request();
            accepts_gzip(request.headers())
        };
        assert!(wants("gzip, deflate") && wants("*") && wants("gzip;q=0.5"));
        assert!(!wants("br") && !wants("gzip;q=0"));
    }
}
