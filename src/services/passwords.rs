//! Password hashes: Argon2id with the crate's default costs (19 MiB, 2 passes), never on a thread that serves requests, and never more at once than
//! there are cores.

use super::{ServiceError, ServiceResult};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::{
    sync::{Arc, LazyLock},
    thread,
};
use tokio::sync::Semaphore;

/// Hashing takes memory and a core each; more at once would only make all of them slower.
static TURNS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(thread::available_parallelism().map_or(1, std::num::NonZero::get))));

/// What the password of an unknown account is compared with, so that it takes as long as a known one.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("no account has this password"));

/// Hashes a new password. The result is a PHC string with its own salt.
pub async fn hash_password(password: String) -> ServiceResult<String> {
    run(move || hash_now(&password)).await?.ok_or(ServiceError::internal("argon2 cannot hash"))
}

/// Says whether `password` belongs to `hash`. Without a hash (unknown account) it does the same work and says no.
pub async fn verify_password(password: String, hash: Option<String>) -> ServiceResult<bool> {
    run(move || verify_now(&password, hash.as_deref())).await
}

fn hash_now(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

fn verify_now(password: &str, hash: Option<&str>) -> bool {
    // Made here for everybody, so that the first attempt of a process does not tell either.
    let nobody = NOBODY.as_deref();
    let matches = |hash: &str| {
        let parsed = PasswordHash::new(hash);
        parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    };
    match hash {
        Some(hash) => matches(hash),
        None => {
            let _same_work = nobody.is_some_and(matches);
            false
        }
    }
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ServiceResult<T> {
    let turn = TURNS.clone().acquire_owned().await.map_err(|_| ServiceError::internal("hashing has stopped"))?;
    let work = move || {
        let result = work();
        drop(turn);
        result
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| ServiceError::internal("a hashing thread was lost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_are_salted_argon2id_and_verify() {
        let first = hash_password("kuda laut biru".into()).await.unwrap();
        let second = hash_password("kuda laut biru".into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        assert!(verify_password("kuda laut biru".into(), Some(first.clone())).await.unwrap());
        assert!(!verify_password("kuda laut hijau".into(), Some(first)).await.unwrap());
    }

    #[tokio::test]
    async fn unknown_accounts_and_broken_hashes_never_verify() {
        assert!(!verify_password("no account has this password".into(), None).await.unwrap());
        assert!(!verify_password("x".into(), Some("$argon2id$".into())).await.unwrap());
    }
}
