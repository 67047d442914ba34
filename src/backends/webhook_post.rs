//! Sends webhooks: one POST to an address somebody else chose. So it never goes to this machine, its network or the machinery around it (unless the
//! settings allow that), follows no redirect, uses no proxy of the environment, and every wait and size is bounded. Nothing of an answer but its status
//! is looked at; addresses, which may hold secrets in their query, are never logged.

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

/// How long a connection may take, at most the time-out of the whole.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most of an answer that is read, so that the connection can be used again; it is thrown away.
const ANSWER_BYTES: usize = 16 * 1024;
const KEY: HeaderName = HeaderName::from_static("x-pusher-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-pusher-signature");

/// Why a webhook was not delivered. The text is what admins read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It is no `http` or `https` address.
    #[error("the address does not read")]
    BadAddress,
    /// It leads to this machine or a private network.
    #[error("the address is not on the public internet")]
    NotPublic,
    /// The other side answered with another status than 2xx; redirects are not followed.
    #[error("answered with status {0}")]
    Status(u16),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("not reachable")]
    Unreachable,
}

/// A name led to addresses that are not public.
#[derive(Debug, thiserror::Error)]
#[error("not on the public internet")]
struct NotPublic;

/// Looks names up, and returns public addresses only. The connection is made to what this returns, so that a name cannot mean something else later.
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
        // An error means that there is one already.
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

    /// Sends one body with the app's key and the body's signature. Succeeds with a status of 2xx, and returns it.
    pub async fn post(&self, url: &str, key: &str, signature: &str, body: String) -> Result<u16, PostError> {
        let url = Url::parse(url).map_err(|_| PostError::BadAddress)?;
        if !self.allows_private && literal_address(&url).is_some_and(|address| !is_public(address)) {
            return Err(PostError::NotPublic);
        }
        // Exactly this type: the vendor's verifiers compare it.
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

/// Returns the address of a URL without a name: that is connected to without a look-up.
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
