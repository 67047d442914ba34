//! `Idempotency-Key`: the first answer of a creating request is kept and given to repeats of it.

use super::{Context, ServiceError, ServiceResult};
use crate::{backends::store::Reservation, domain::ids::UserId, wire::signature::to_hex};
use ring::digest;

/// How a request with a key begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: do the work, then [`finish`] or [`release`].
    First,
    /// It was done before; this was the answer.
    Repeat {
        /// HTTP status.
        status: u16,
        /// JSON body.
        body: String,
    },
}

/// Returns the fingerprint of a request: 64 characters, equal for equal parts only.
#[must_use]
pub fn fingerprint(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    to_hex(context.finish().as_ref())
}

/// Reserves `key` for a user's request. Fails with `idempotency.key_reused` when it was used for another request, and `conflict` while the first is
/// still under way.
pub async fn begin(context: &Context, user: UserId, key: &str, fingerprint: &str) -> ServiceResult<Begun> {
    match context.store.reserve_idempotency(user, key, fingerprint, context.clock.now_ms()).await? {
        Reservation::New => Ok(Begun::First),
        Reservation::Replay { status, body } => Ok(Begun::Repeat { status, body }),
        Reservation::Mismatch => Err(ServiceError::invalid("idempotency.key_reused")),
        Reservation::InProgress => Err(ServiceError::Conflict { code: "conflict" }),
    }
}

/// Keeps the answer of the first request.
pub async fn finish(context: &Context, user: UserId, key: &str, status: u16, body: &str) -> ServiceResult<()> {
    Ok(context.store.finish_idempotency(user, key, status, body).await?)
}

/// Frees a key whose request was refused or failed.
pub async fn release(context: &Context, user: UserId, key: &str) -> ServiceResult<()> {
    Ok(context.store.release_idempotency(user, key).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_eq!(fingerprint(&[b"ab"]), fingerprint(&[b"ab"]));
        assert_eq!(fingerprint(&[]).len(), 64);
    }
}
