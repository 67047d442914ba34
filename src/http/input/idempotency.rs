//! Owns `Idempotency-Key` on HTTP: a repeated request gets the first answer, and its work is not
//! done again. Called by handlers that create something. Must not free the key of work whose
//! outcome is unknown.

use crate::{
    domain::principal::Principal,
    http::error::{ApiError, ApiResult},
    services::{
        Context, ServiceError,
        shared::idempotency::{Begun, begin, close_key, fingerprint, finish, release},
    },
};
use actix_web::{
    HttpRequest, HttpResponse,
    body::to_bytes,
    http::{StatusCode, header},
};
use tracing::Instrument as _;

const HEADER: &str = "idempotency-key";

/// Longest key, in characters.
const LONGEST_KEY: usize = 255;

/// Runs `work` once per key and user. `body`, method and path together identify the request.
///
/// - Without the header, the work simply runs.
/// - A repeat gets the first answer (status and JSON body).
/// - Another request under the same key gets 422 `idempotency.key_reused`.
/// - A repeat while the first request is under way gets 409 `conflict`.
/// - Refused work frees the key.
/// - Work that failed keeps the key for as long as work that was cut off, because it is unknown
///   whether its transaction was committed.
pub async fn idempotent<F, W>(context: &Context, principal: &Principal, request: &HttpRequest, body: &[u8], work: F) -> ApiResult
where
    F: FnOnce() -> W,
    W: Future<Output = ApiResult>,
{
    let Some(key) = key_of(request)? else { return work().await };
    let user = principal.user_id;
    let print = fingerprint(&context.secret, &[request.method().as_str().as_bytes(), request.path().as_bytes(), body]);
    if let Begun::Repeat { status, body } = begin(context, user, &key, &print).await? {
        return repeat(status, body);
    }
    match work().await {
        Ok(response) => keep(context, principal, &key, response).await,
        Err(error) if error.failure().is_some() => Err(error),
        Err(error) => {
            if let Err(release_error) = release(context, user, &key).await {
                tracing::warn!(error = %release_error, "idempotency key not released");
            }
            Err(error)
        }
    }
}

/// Runs `work` to its end even when its client leaves, which drops the task that waits here.
pub async fn run_to_end(work: impl Future<Output = ApiResult> + 'static) -> ApiResult {
    actix_web::rt::spawn(work.in_current_span()).await.map_err(|_| ServiceError::internal("work that was begun did not come to its end"))?
}

/// The answer to a request without a body, which asks about its key.
pub enum KeyAnswer {
    /// The request has no key, so it asks nothing.
    Nothing,
    /// No work was done under the key, and none will be.
    Closed,
    /// The work under the key was done; this was its answer.
    Done(HttpResponse),
}

/// Returns the outcome of the key of `request`, which has no body: its client left before the
/// answer and now asks for it. A key that no request holds is closed. Fails with 409 `conflict`
/// while the first request is under way or when its outcome is unknown.
pub async fn ask_about_key(context: &Context, principal: &Principal, request: &HttpRequest) -> Result<KeyAnswer, ApiError> {
    let Some(key) = key_of(request)? else { return Ok(KeyAnswer::Nothing) };
    let print = fingerprint(&context.secret, &[request.method().as_str().as_bytes(), request.path().as_bytes()]);
    match close_key(context, principal.user_id, &key, &print).await? {
        None => Ok(KeyAnswer::Closed),
        Some((status, body)) => Ok(KeyAnswer::Done(repeat(status, body)?)),
    }
}

/// Reads the key: 1..255 visible characters, or none.
fn key_of(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(HEADER) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(ApiError::request("request.malformed", "the idempotency key must be 1 to 255 visible characters")),
    }
}

fn repeat(status: u16, body: String) -> ApiResult {
    let status = StatusCode::from_u16(status).map_err(|_| ServiceError::internal("stored status out of range"))?;
    Ok(HttpResponse::build(status).insert_header(("idempotency-replayed", "true")).content_type(header::ContentType::json()).body(body))
}

/// Stores the answer, then returns it. When storing fails, the work is done nevertheless, so the
/// answer is still returned.
async fn keep(context: &Context, principal: &Principal, key: &str, response: HttpResponse) -> ApiResult {
    let (response, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(|_| ServiceError::internal("an answer without a body in memory"))?;
    let text = String::from_utf8_lossy(&bytes);
    if let Err(error) = finish(context, principal.user_id, key, response.status().as_u16(), &text).await {
        tracing::error!(error = %error, "answer not kept for repeats");
    }
    Ok(response.set_body(actix_web::body::BoxBody::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::principal::Role,
        services::accounts::manage::{Maker, NewUser, add_user},
    };
    use actix_web::test::TestRequest;

    #[actix_web::test]
    async fn work_that_broke_keeps_its_key_and_work_that_was_refused_frees_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = crate::config::Config { data_dir: folder.path().to_owned(), ..Default::default() };
        let context = crate::app::open_context(config).await.unwrap();
        let new = NewUser { login: "ana".into(), name: "Ana".into(), role: Role::Admin, password: "kuda laut biru".into() };
        let user = add_user(&context.store, 0, new, Maker::default()).await.unwrap();
        let login_id = crate::domain::ids::LoginId::generate();
        let principal = Principal { user_id: user.id, login_id, role: user.role, name: user.name, login: user.login, user_since_ms: 0 };
        let send = async |key: &str, outcome: Result<(), ServiceError>| {
            let request = TestRequest::post().insert_header((HEADER, key)).to_http_request();
            let work = || async { outcome.map(|()| HttpResponse::Ok().body("{}")).map_err(ApiError::from) };
            idempotent(&context, &principal, &request, b"", work).await.map_err(|error| error.code())
        };
        assert_eq!(send("a", Err(ServiceError::internal("lost while it was committed"))).await.err(), Some("internal"));
        assert_eq!(send("a", Ok(())).await.err(), Some("conflict"), "it may have been done");
        assert_eq!(send("b", Err(ServiceError::Denied)).await.err(), Some("access.denied"));
        assert!(send("b", Ok(())).await.is_ok(), "nothing was done");
    }

    #[actix_web::test]
    async fn work_goes_on_when_its_client_leaves() {
        let (open_gate, gate) = tokio::sync::oneshot::channel::<()>();
        let (tell_end, end) = tokio::sync::oneshot::channel();
        let mut waiting = Box::pin(run_to_end(async move {
            let _ = gate.await;
            let _ = tell_end.send(());
            Ok(HttpResponse::Ok().finish())
        }));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        open_gate.send(()).unwrap();
        assert_eq!(end.await, Ok(()));
    }

    #[test]
    fn keys_are_bounded() {
        let key = |text: &str| key_of(&TestRequest::default().insert_header((HEADER, text)).to_http_request());
        assert_eq!(key("abc").unwrap().as_deref(), Some("abc"));
        assert_eq!(key_of(&TestRequest::default().to_http_request()).unwrap(), None);
        assert_eq!(key("").unwrap_err().code(), "request.malformed");
        assert_eq!(key(&"a".repeat(256)).unwrap_err().code(), "request.malformed");
    }
}
