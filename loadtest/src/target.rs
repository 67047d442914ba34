//! Owns the address of the server under load. Accepts loopback addresses only, so that the load
//! generator is never pointed at another person's machine.

use std::{net::Ipv4Addr, str::FromStr};

/// Address of a server on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// An address in 127.0.0.0/8.
    pub address: Ipv4Addr,
    /// TCP port.
    pub port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or("must begin with http:// (TLS is not measured)")?;
        let authority = rest.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        let port = port.parse().map_err(|_| format!("{port} is not a port"))?;
        let address = if host == "localhost" { Some(Ipv4Addr::LOCALHOST) } else { host.parse().ok() };
        match address.filter(Ipv4Addr::is_loopback) {
            Some(address) => Ok(Self { address, port }),
            None => Err(format!(
                "{host} is not a loopback address: loadtest runs against servers on this machine only (127.0.0.0/8 or localhost)"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_on_this_machine_are_taken() {
        let target = |url: &str| url.parse::<Target>();
        assert_eq!(target("http://127.0.0.1:8080"), Ok(Target { address: Ipv4Addr::LOCALHOST, port: 8080 }));
        assert_eq!(target("http://localhost:81/").map(|target| target.port), Ok(81));
        for foreign in ["http://192.168.1.4:80", "http://example.com", "http://0.0.0.0:1", "http://127.0.0.1.example.com:80"] {
            assert!(target(foreign).is_err_and(|message| message.contains("loopback")), "{foreign}");
        }
        assert!(target("https://127.0.0.1").is_err() && target("http://127.0.0.1:x").is_err());
    }
}
