//! Owns the limit on API requests per user. Called by actix-web for every request. Must not count
//! pages, files, health checks or the Pusher API.
//!
//! - A signed-in user is counted by account, because a whole school shares one address.
//! - Strangers are counted by address, with ten times the allowance of a user.

use crate::{
    domain::ids::UserId,
    http::{
        error::ApiError,
        input::{
            client_address::address_key,
            credentials::{address_of, context_of, resolve},
        },
    },
    services::ServiceError,
    telemetry,
};
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// How many times the allowance of one user a shared address gets.
const STRANGERS_FACTOR: u32 = 10;

/// After this many checks, [`RateLimits`] forgets the keys that are back at their full allowance.
const CHECKS_PER_SWEEP: u32 = 4096;

/// The one path that is answered even when the login cannot be looked up.
const HELP: &str = "/api/v1/help";

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The result of a check, for the `RateLimit-*` headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowance {
    limit: u32,
    remaining: u32,
    /// `Some` when the request is over the limit: ms until the next one is allowed.
    wait_ms: Option<u64>,
}

/// The counters of one node; cheap to share between workers.
#[derive(Debug)]
pub struct RateLimits {
    users: Limiter<UserId>,
    addresses: Limiter<String>,
    checks: AtomicU32,
}

impl RateLimits {
    /// Makes counters that allow `requests_per_minute` (at least 1) to every user.
    #[must_use]
    pub fn new(requests_per_minute: u32) -> Self {
        let per_user = NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN);
        let per_address = per_user.saturating_mul(NonZeroU32::MIN.saturating_add(STRANGERS_FACTOR - 1));
        Self { users: limiter(per_user), addresses: limiter(per_address), checks: AtomicU32::new(0) }
    }

    fn check_user(&self, user: UserId) -> Allowance {
        self.sweep();
        check(&self.users, &user)
    }

    fn check_address(&self, address: &String) -> Allowance {
        self.sweep();
        check(&self.addresses, address)
    }

    /// Bounds the memory: only keys of the last minute stay.
    fn sweep(&self) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            self.users.retain_recent();
            self.addresses.retain_recent();
        }
    }
}

fn limiter<K: Hash + Eq + Clone>(per_minute: NonZeroU32) -> Limiter<K> {
    RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware()
}

fn check<K: Hash + Eq + Clone>(limiter: &Limiter<K>, key: &K) -> Allowance {
    match limiter.check_key(key) {
        Ok(state) => Allowance { limit: state.quota().burst_size().get(), remaining: state.remaining_burst_capacity(), wait_ms: None },
        Err(refusal) => {
            let wait = refusal.wait_time_from(DefaultClock::default().now()).max(Duration::from_millis(1));
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            Allowance { limit: refusal.quota().burst_size().get(), remaining: 0, wait_ms: Some(wait_ms) }
        }
    }
}

/// Counts API requests and refuses those over the limit with 429. Other paths (pages, files,
/// health, the Pusher API) pass uncounted.
pub async fn limit_requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let limits = request.app_data::<web::Data<RateLimits>>().cloned();
    // Reads the path as the router does, with percent signs decoded, so that no spelling avoids the
    // limit.
    let Some(limits) = limits.filter(|_| is_counted(request.match_info().as_str())) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    // No clone of the request may live while it is routed: actix-web panics on it.
    let allowance = match count(&limits, request.request()).await {
        Ok(allowance) => allowance,
        Err(error) => return Ok(request.into_response(HttpResponse::from_error(error)).map_into_right_body()),
    };
    let mut response = match allowance.wait_ms {
        None => next.call(request).await?.map_into_left_body(),
        Some(retry_after_ms) => {
            metrics::counter!(telemetry::HTTP_RATE_LIMITED).increment(1);
            let error = ApiError::from(ServiceError::TooMany { code: "rate_limited", retry_after_ms });
            request.into_response(HttpResponse::from_error(error)).map_into_right_body()
        }
    };
    write_headers(response.headers_mut(), allowance);
    Ok(response)
}

fn is_counted(path: &str) -> bool {
    ["/api/", "/broadcasting/", "/pusher/auth", "/pusher/user-auth"].iter().any(|prefix| path.starts_with(prefix))
}

async fn count(limits: &RateLimits, request: &actix_web::HttpRequest) -> Result<Allowance, ApiError> {
    match resolve(request).await {
        Ok(Some(principal)) => return Ok(limits.check_user(principal.user_id)),
        Ok(None) => {}
        // The help card is served even when the backend that knows the logins is down.
        Err(_) if request.path() == HELP => {}
        Err(error) => return Err(error),
    }
    let address = address_of(request, &context_of(request)?.config);
    Ok(limits.check_address(&address_key(address)))
}

fn write_headers(headers: &mut HeaderMap, allowance: Allowance) {
    let used = u64::from(allowance.limit - allowance.remaining.min(allowance.limit));
    let full_in_s = (used * 60).div_ceil(u64::from(allowance.limit.max(1)));
    headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(allowance.limit));
    headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(allowance.remaining));
    headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(full_in_s));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_counted_apart_and_refused_with_a_wait() {
        let limits = RateLimits::new(2);
        let (ana, budi) = (UserId::generate(), UserId::generate());
        assert_eq!(limits.check_user(ana), Allowance { limit: 2, remaining: 1, wait_ms: None });
        assert_eq!(limits.check_user(ana).wait_ms, None);
        let refused = limits.check_user(ana);
        assert!(refused.wait_ms.is_some_and(|ms| (1..=30_000).contains(&ms)), "{refused:?}");
        assert_eq!(limits.check_user(budi).wait_ms, None);
    }

    #[test]
    fn strangers_share_ten_times_as_much_per_address() {
        let limits = RateLimits::new(2);
        let address = "203.0.113.1".to_owned();
        let allowed = (0..25).filter(|_| limits.check_address(&address).wait_ms.is_none()).count();
        assert_eq!(allowed, 20);
    }

    #[test]
    fn only_the_api_is_counted() {
        assert!(is_counted("/api/v1/auth/me") && is_counted("/broadcasting/auth"));
        assert!(!is_counted("/assets/app.js") && !is_counted("/health") && !is_counted("/apps/1/events"));
    }
}
