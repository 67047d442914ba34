//! Owns the decision whether a client may open a socket, and as which user. Called by both
//! WebSocket transports and by the HTTP fallback. Must not depend on the transport.
//!
//! - The gate decides once per handshake.

use crate::{
    config::Config,
    domain::principal::Principal,
    http::{
        input::{
            client_address::client_address,
            credentials::token_in,
            origin::{allowed_origin, same_origin},
        },
        middleware::{
            path_prefix::inner_path,
            security_headers::{ContentPolicy, policy_of},
        },
    },
    services::{Context, accounts::sign_in, apps::table::App},
    telemetry,
    wire::{
        codes::PusherCode,
        console::{Line, LineKind},
    },
};
use actix_http::RequestHead;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

/// Pusher protocol versions that real clients speak (Pysher says 6).
const PROTOCOLS: [&str; 3] = ["5", "6", "7"];

/// The decision about a handshake.
#[derive(Debug)]
pub enum Admission {
    /// The socket is established.
    Accept {
        /// The app of its key.
        app: Arc<App>,
        /// The signed-in user, on the built-in app only.
        principal: Option<Principal>,
    },
    /// The WebSocket is opened, gets an error, and is closed with this code.
    Refuse(PusherCode),
    /// The path belongs to no socket: the answer is an HTTP 404.
    NotASocket,
}

/// The gate of a server; cheap to clone.
#[derive(Clone)]
pub struct Gate {
    context: Context,
    /// `None`: no limit.
    rate: Option<Arc<DefaultDirectRateLimiter>>,
    /// The policy for answers that open no socket.
    policy: Arc<ContentPolicy>,
}

impl Gate {
    /// Makes the gate of a process.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let rate = NonZeroU32::new(context.config.realtime.handshakes_per_s);
        let rate = rate.map(|per_second| Arc::new(RateLimiter::direct(Quota::per_second(per_second))));
        let policy = policy_of(&context).into_inner();
        Self { context, rate, policy }
    }

    /// Returns the content policy of answers.
    #[must_use]
    pub fn policy(&self) -> &ContentPolicy {
        &self.policy
    }

    /// Decides about a handshake. When a backend is down and the login cannot be looked up, the
    /// client is refused with 4100 and tries again after a second.
    pub async fn admit(&self, head: &RequestHead, peer: Option<SocketAddr>) -> Admission {
        let path = inner_path(head.uri.path(), &self.context.config);
        let Some(key) = app_key(path) else {
            return if is_near_miss(path) { Admission::Refuse(PusherCode::BadPath) } else { Admission::NotASocket };
        };
        self.admit_to(key, head, peer).await
    }

    /// Decides about the first request of a session over HTTP. The built-in app takes its users
    /// from the login cookie, so only this server's own pages may use this way into it.
    pub async fn admit_over_http(&self, key: &str, head: &RequestHead, peer: Option<SocketAddr>) -> Admission {
        let is_built_in = self.context.apps.by_key(key).is_some_and(|app| app.is_built_in);
        if is_built_in && same_origin(&head.headers, &head.uri, &self.context.config) == Some(false) {
            return Admission::Refuse(PusherCode::Unauthorized);
        }
        self.admit_to(key, head, peer).await
    }

    async fn admit_to(&self, key: &str, head: &RequestHead, peer: Option<SocketAddr>) -> Admission {
        let admission = self.decide(key, head, peer).await;
        if let Admission::Refuse(code) = admission {
            self.show_refused(key, code);
        }
        admission
    }

    /// Adds a line to the console of an app: a client was refused.
    fn show_refused(&self, key: &str, code: PusherCode) {
        let watched = &self.context.watched;
        let app = watched.is_anybody_watching().then(|| self.context.apps.by_key(key)).flatten();
        if let Some(app) = app {
            watched.show(&app.id, || Line::new(LineKind::Refused).because(Some(code.number()), code.message()));
        }
    }

    async fn decide(&self, key: &str, head: &RequestHead, peer: Option<SocketAddr>) -> Admission {
        if self.context.announce.is_draining() || self.is_full() || self.rate.as_ref().is_some_and(|rate| rate.check().is_err()) {
            metrics::counter!(telemetry::HANDSHAKES_REFUSED).increment(1);
            return Admission::Refuse(PusherCode::OverCapacity);
        }
        let Some(app) = self.context.apps.by_key(key) else { return Admission::Refuse(PusherCode::NoSuchApp) };
        if let Err(code) = check_protocol(head.uri.query().unwrap_or_default()) {
            return Admission::Refuse(code);
        }
        if !app.is_built_in {
            return match self.check_connected(&app, head) {
                Ok(()) => Admission::Accept { app, principal: None },
                Err(code) => Admission::Refuse(code),
            };
        }
        match self.principal(head, peer).await {
            Ok(principal) => Admission::Accept { app, principal },
            Err(code) => Admission::Refuse(code),
        }
    }

    /// Says whether this node has reached its limit of sockets.
    fn is_full(&self) -> bool {
        let limit = self.context.config.realtime.max_sockets;
        limit > 0 && self.context.announce.open_sockets() >= limit
    }

    /// Checks a handshake against the rules of its connected app.
    fn check_connected(&self, app: &App, head: &RequestHead) -> Result<(), PusherCode> {
        let origin = head.headers.get("origin").map(|origin| origin.to_str().unwrap_or_default());
        let limit = u64::from(app.rules.limits.connections);
        if !app.is_enabled {
            Err(PusherCode::AppDisabled)
        } else if !app.rules.allows_origin(origin) {
            Err(PusherCode::Unauthorized)
        } else if limit > 0 && self.context.announce.app_counts(&app.id).connections >= limit {
            metrics::counter!(telemetry::HANDSHAKES_REFUSED).increment(1);
            Err(PusherCode::OverQuota)
        } else {
            Ok(())
        }
    }

    async fn principal(&self, head: &RequestHead, peer: Option<SocketAddr>) -> Result<Option<Principal>, PusherCode> {
        let config: &Config = &self.context.config;
        if !allowed_origin(&head.headers, &head.uri, config) {
            let address = client_address(&head.headers, peer, config.http.trust_proxy);
            tracing::debug!(?address, "socket from a page of another site refused");
            return Err(PusherCode::Unauthorized);
        }
        let Some(token) = token_in(&head.headers) else { return Ok(None) };
        sign_in::principal_of(&self.context, &token).await.map_err(|error| {
            tracing::error!(%error, "session of a handshake not looked up");
            PusherCode::OverCapacity
        })
    }
}

/// Returns the key of `/app/{key}`.
fn app_key(path: &str) -> Option<&str> {
    path.strip_prefix("/app/").map(|key| key.trim_end_matches('/')).filter(|key| !key.is_empty() && !key.contains('/'))
}

/// Says whether a path without a key was meant for a socket.
fn is_near_miss(path: &str) -> bool {
    path == "/app" || path.starts_with("/app/")
}

/// Fails when the client names another protocol version, or one that cannot be read. A missing
/// version is accepted: some clients send none, so the server never answers 4008.
fn check_protocol(query: &str) -> Result<(), PusherCode> {
    match query.split('&').find_map(|pair| pair.strip_prefix("protocol=")) {
        None => Ok(()),
        Some(version) if PROTOCOLS.contains(&version) => Ok(()),
        Some(version) if version.parse::<u32>().is_ok() => Err(PusherCode::UnsupportedProtocol),
        Some(_) => Err(PusherCode::BadVersion),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_app_paths_lead_to_a_socket() {
        assert_eq!(app_key("/app/demo-key"), Some("demo-key"));
        assert_eq!(app_key("/app/demo-key/"), Some("demo-key"));
        for path in ["/app/", "/app", "/apps/1", "/app/a/b", "/", "/api/v1/materials"] {
            assert_eq!(app_key(path), None, "{path}");
        }
    }

    #[test]
    fn versions_five_to_seven_or_none_are_ours() {
        for query in ["", "protocol=7&client=js", "client=py&protocol=6", "client=x"] {
            assert_eq!(check_protocol(query), Ok(()), "{query}");
        }
        for (query, code) in
            [("protocol=4", 4007), ("protocol=8", 4007), ("protocol=", 4006), ("a=b&protocol=x", 4006), ("protocol=-7", 4006)]
        {
            assert_eq!(check_protocol(query).map_err(PusherCode::number), Err(code), "{query}");
        }
    }
}
