//! Owns the sending of webhooks: one POST to an address that the app's owner chose. Called by
//! `services/apps/webhooks`.
//!
//! - It must not connect to this machine or its private networks, unless the settings allow that.
//! - It follows no redirect, and uses no proxy of the environment.
//! - Every wait and every size is limited.
//! - Only the status of an answer is used.
//! - Addresses are never logged, because their query may contain secrets.

use super::{BackendError, BackendResult};
use crate::domain::apps::public_address::is_public;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderName},
    redirect::Policy,
};
use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// How long a connection may take, at most the time-out of the whole request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many bytes of an answer are read and discarded, so that the connection can be used again.
const ANSWER_BYTES: usize = 16 * 1024;
const KEY: HeaderName = HeaderName::from_static("x-pusher-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-pusher-signature");

/// The reason why a webhook was not delivered. Admins read this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The address is not an `http` or `https` URL.
    #[error("the address does not read")]
    BadAddress,
    /// It leads to this machine or a private network.
    #[error("the address is not on the public internet")]
    NotPublic,
    /// The other side answered with another status than 2xx; redirects are not followed.
    #[error("answered with status {0}")]
    Status(u16),
    /// No answer before the time-out.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or the connection broke.
    #[error("not reachable")]
    Unreachable,
}

/// A name resolved to addresses that are not public.
#[derive(Debug, thiserror::Error)]
#[error("not on the public internet")]
struct NotPublic;

/// Resolves names to public addresses only. The connection goes to the addresses that this
/// returned, so the name cannot change its meaning between check and connection.
struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.iter().copied().filter(|address| is_public(address.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(Box::new(NotPublic) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Sends webhooks; cheap to clone.
#[derive(Debug, Clone)]
pub struct WebhookPost {
    client: Client,
    allows_private: bool,
}

impl WebhookPost {
    /// Makes the sender of a process. Fails when TLS cannot be set up.
    pub fn new(allows_private: bool, timeout: Duration) -> BackendResult<Self> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .pool_max_idle_per_host(4)
            .user_agent(concat!("educounsel-webhooks/", env!("CARGO_PKG_VERSION")));
        if !allows_private {
            builder = builder.dns_resolver(PublicResolver);
        }
        let client = builder.build().map_err(|_| BackendError::Internal("no TLS for webhooks"))?;
        Ok(Self { client, allows_private })
    }

    /// Sends one body with the app's key and the body's signature. Returns the status if it is 2xx.
    pub async fn post(&self, url: &str, key: &str, signature: &str, body: String) -> Result<u16, PostError> {
        let url = Url::parse(url).map_err(|_| PostError::BadAddress)?;
        if !self.allows_private && literal_address(&url).is_some_and(|address| !is_public(address)) {
            return Err(PostError::NotPublic);
        }
        // Exactly this type: the vendors' verifiers compare it.
        let request =
            self.client.post(url).header(CONTENT_TYPE, "application/json").header(KEY, key).header(SIGNATURE, signature).body(body);
        let mut response = request.send().await.map_err(|error| reason(&error))?;
        let status = response.status();
        let mut left = ANSWER_BYTES;
        while let Ok(Some(piece)) = response.chunk().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                break;
            }
        }
        if status.is_success() { Ok(status.as_u16()) } else { Err(PostError::Status(status.as_u16())) }
    }
}

/// Returns the IP address that a URL has in place of a name; such a URL is used without the
/// resolver.
fn literal_address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn reason(error: &reqwest::Error) -> PostError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return PostError::NotPublic;
        }
        cause = error.source();
    }
    if error.is_timeout() {
        PostError::TimedOut
    } else if error.is_builder() {
        PostError::BadAddress
    } else {
        PostError::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn private_targets_are_refused_by_address_and_by_name_in_every_spelling() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let post = WebhookPost::new(false, Duration::from_secs(5)).unwrap();
        for host in [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "169.254.169.254",
            "LOCALHOST",
        ] {
            let sent = post.post(&format!("http://{host}:{port}/"), "k", "s", "{}".into()).await;
            assert_eq!(sent, Err(PostError::NotPublic), "{host}");
        }
        let knocked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(knocked.is_err(), "somebody was connected");
        for bad in ["nonsense", "ftp://a.example/", "file:///etc/passwd"] {
            assert!(post.post(bad, "k", "s", "{}".into()).await.is_err(), "{bad}");
        }
    }
}
