//! Owns HMAC-SHA256 signatures over raw strings, in lower-case hex. Called wherever something is
//! signed or verified. Invariant: signatures are compared in constant time. Source:
//! docs/pusher-protocol.md, section 2.7.

use crate::domain::live::channel::ChannelName;
use ring::hmac;
use std::{fmt, fmt::Write as _, sync::Arc};

/// A secret that signs. Its `Debug` never shows it.
#[derive(Clone)]
pub struct SecretKey(Arc<hmac::Key>);

impl SecretKey {
    /// Makes a key of any bytes.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Derives an independent key for one purpose, so that a signature for one purpose is never
    /// valid for another.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self::new(hmac::sign(&self.0, purpose.as_bytes()).as_ref())
    }

    /// Derives 32 bytes for a purpose, for ciphers.
    #[must_use]
    pub(super) fn derive_bytes(&self, purpose: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.0, purpose.as_bytes()).as_ref());
        bytes
    }

    /// Returns the signature of `text` as 64 lower-case hex digits.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        to_hex(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }

    /// Says whether `signature` (hex) is that of `text`, in constant time.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        from_hex(signature).is_some_and(|bytes| hmac::verify(&self.0, text.as_bytes(), &bytes).is_ok())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

/// Returns the text that is signed to subscribe: socket, channel and, if there is any, the channel
/// data.
#[must_use]
pub fn channel_text(socket_id: &str, channel: &ChannelName, channel_data: Option<&str>) -> String {
    match channel_data {
        Some(data) => format!("{socket_id}:{channel}:{data}"),
        None => format!("{socket_id}:{channel}"),
    }
}

/// Returns the text that is signed to sign a user in.
#[must_use]
pub fn user_text(socket_id: &str, user_data: &str) -> String {
    format!("{socket_id}::user::{user_data}")
}

/// Returns bytes as lower-case hex.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads lower-case hex; `None` for anything else.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor_key() -> SecretKey {
        SecretKey::new(b"7ad3773142a6692b25b8")
    }

    #[test]
    fn the_vendors_vectors_hold() {
        let private = channel_text("1234.1234", &ChannelName::parse("private-foobar").unwrap(), None);
        assert_eq!(vendor_key().sign(&private), "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4");
        let data = r#"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#;
        let presence = channel_text("1234.1234", &ChannelName::parse("presence-foobar").unwrap(), Some(data));
        assert_eq!(vendor_key().sign(&presence), "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80");
        let user = user_text("1234.1234", r#"{"id":"12345"}"#);
        assert_eq!(vendor_key().sign(&user), "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba");
    }

    #[test]
    fn other_text_case_or_length_does_not_verify() {
        let key = vendor_key();
        let signature = key.sign("a");
        assert!(key.verifies("a", &signature));
        assert!(!key.verifies("b", &signature));
        assert!(!key.verifies("a", &signature.to_uppercase()));
        assert!(!key.verifies("a", &signature[..62]));
        assert!(!key.verifies("a", ""));
        assert!(!key.derive("links").verifies("a", &signature));
        assert_eq!(format!("{key:?}"), "SecretKey(…)");
    }
}
