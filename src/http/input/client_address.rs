//! Owns the question from which address a request comes: from the peer of the connection or, behind
//! a trusted proxy, from the one that the proxy names. Called by the rate limit, the gate of
//! handshakes and the extractors. Must not believe a client's own claim.

use actix_web::http::header::HeaderMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns the client's address; `None` when it is unknown. With `trust_proxy` the last entry of
/// `X-Forwarded-For` counts, because our own proxy appended it: a client can invent the earlier
/// entries.
#[must_use]
pub fn client_address(headers: &HeaderMap, peer: Option<SocketAddr>, trust_proxy: bool) -> Option<IpAddr> {
    let forwarded = || {
        let last_line = headers.get_all(FORWARDED_FOR).last()?.to_str().ok()?;
        let entry = last_line.rsplit(',').next()?.trim();
        entry.parse::<IpAddr>().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
    };
    let peer_address = peer.map(|address| address.ip());
    let address = if trust_proxy { forwarded().or(peer_address) } else { peer_address };
    address.map(|address| address.to_canonical())
}

/// Returns the text under which an address is counted. IPv6 is counted by its /64, because one
/// household owns a whole one.
#[must_use]
pub fn address_key(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn forwarded(text: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_static(text));
        headers
    }

    #[test]
    fn only_the_entry_of_our_own_proxy_counts() {
        let peer = Some("10.0.0.1:5".parse().unwrap());
        let headers = forwarded("6.6.6.6, 203.0.113.9");
        assert_eq!(client_address(&headers, peer, true), Some("203.0.113.9".parse().unwrap()));
        assert_eq!(client_address(&headers, peer, false), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(client_address(&forwarded("nonsense"), peer, true), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(client_address(&HeaderMap::new(), None, true), None);
    }

    #[test]
    fn one_household_is_one_key() {
        let key = |text: &str| address_key(Some(text.parse().unwrap()));
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(address_key(None), "unknown");
    }
}
