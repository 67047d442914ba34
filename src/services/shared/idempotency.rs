//! Owns the `Idempotency-Key`: the first answer of a creating request is stored and returned to its
//! repeats. Called by `http/input/idempotency`; the chat and the companion use [`fingerprint`].

use crate::{
    backends::store::{KeyFate, Reservation},
    domain::ids::UserId,
    services::{Context, ServiceError, ServiceResult},
    wire::signature::{SecretKey, to_hex},
};
use ring::digest;

/// The state of a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: do the work, then call [`finish`] or [`release`].
    First,
    /// It was done before, with this answer.
    Repeat {
        /// HTTP status.
        status: u16,
        /// JSON body.
        body: String,
    },
}

/// Returns the fingerprint of a request: 64 characters, equal only for equal parts. It is keyed
/// with the server's secret, because the parts may contain passwords: a reader of the table cannot
/// guess them.
#[must_use]
pub fn fingerprint(secret: &SecretKey, parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    secret.derive("idempotency").sign(&to_hex(context.finish().as_ref()))
}

/// Reserves `key` for a user's request. Fails with `idempotency.key_reused` when it was used for
/// another request, and with `conflict` while the first is in progress.
pub async fn begin(context: &Context, user: UserId, key: &str, fingerprint: &str) -> ServiceResult<Begun> {
    match context.store.reserve_idempotency(user, key, fingerprint, context.clock.now_ms()).await? {
        Reservation::New => Ok(Begun::First),
        Reservation::Replay { status, body } => Ok(Begun::Repeat { status, body }),
        Reservation::Mismatch => Err(ServiceError::invalid("idempotency.key_reused")),
        Reservation::InProgress => Err(ServiceError::Conflict { code: "conflict" }),
    }
}

/// Returns the answer of the request with `key`, for a client that lost its connection before the
/// answer. `None`: the request was not done and never will be, because the key is now closed; if it
/// still arrives, it gets `idempotency.key_reused`. Fails with `conflict` while the request is in
/// progress.
pub async fn close_key(context: &Context, user: UserId, key: &str, fingerprint: &str) -> ServiceResult<Option<(u16, String)>> {
    match context.store.close_idempotency(user, key, fingerprint, context.clock.now_ms()).await? {
        KeyFate::Closed => Ok(None),
        KeyFate::Done { status, body } => Ok(Some((status, body))),
        KeyFate::Unsettled => Err(ServiceError::Conflict { code: "conflict" }),
    }
}

/// Stores the answer of the first request.
pub async fn finish(context: &Context, user: UserId, key: &str, status: u16, body: &str) -> ServiceResult<()> {
    Ok(context.store.finish_idempotency(user, key, status, body).await?)
}

/// Frees the key of a request that was refused and changed nothing.
pub async fn release(context: &Context, user: UserId, key: &str) -> ServiceResult<()> {
    Ok(context.store.release_idempotency(user, key).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let print = |parts: &[&[u8]]| fingerprint(&SecretKey::new(b"uji"), parts);
        assert_ne!(print(&[b"ab", b"c"]), print(&[b"a", b"bc"]));
        assert_eq!(print(&[b"ab"]), print(&[b"ab"]));
        assert_eq!(print(&[]).len(), 64);
    }

    #[test]
    fn a_fingerprint_cannot_be_made_without_the_secret() {
        assert_ne!(fingerprint(&SecretKey::new(b"uji"), &[b"ab"]), fingerprint(&SecretKey::new(b"lain"), &[b"ab"]));
    }
}
