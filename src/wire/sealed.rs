//! Owns the encryption of stored secrets: AES-256-GCM under a key that is derived from the server's
//! secret. Called by `services/apps/manage`. Text form: base64 of nonce and sealed bytes.
//! Invariant: a sealed secret opens only for the owner it was sealed for.

use super::signature::SecretKey;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Says that a sealed text does not open: it has another server secret or another owner, or it is
/// damaged. Never says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret does not open with this server's secret")]
pub struct DoesNotOpen;

/// Seals and opens secrets of one purpose.
#[derive(Clone)]
pub struct Vault(std::sync::Arc<LessSafeKey>);

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Vault(…)")
    }
}

impl Vault {
    /// Makes the vault of a purpose. Never fails in practice, because the derived key always has
    /// the right length.
    pub fn new(server_secret: &SecretKey, purpose: &str) -> Result<Self, DoesNotOpen> {
        let key = UnboundKey::new(&AES_256_GCM, &server_secret.derive_bytes(purpose)).map_err(|_| DoesNotOpen)?;
        Ok(Self(std::sync::Arc::new(LessSafeKey::new(key))))
    }

    /// Seals `secret` for `owner`.
    pub fn seal(&self, owner: &str, secret: &str) -> Result<String, DoesNotOpen> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut bytes = secret.as_bytes().to_vec();
        let sealed = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(owner.as_bytes()), &mut bytes);
        sealed.map_err(|_| DoesNotOpen)?;
        Ok(BASE64_STANDARD.encode([&nonce[..], &bytes].concat()))
    }

    /// Opens what was sealed for `owner`.
    pub fn open(&self, owner: &str, sealed: &str) -> Result<String, DoesNotOpen> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|_| DoesNotOpen)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or(DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DoesNotOpen)?;
        let mut rest = rest.to_vec();
        let secret = self.0.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut rest).map_err(|_| DoesNotOpen)?;
        String::from_utf8(secret.to_vec()).map_err(|_| DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_on_its_server_only() {
        let vault = |secret: &[u8], purpose: &str| Vault::new(&SecretKey::new(secret), purpose).unwrap();
        let ours = vault(b"server", "apps");
        let sealed = ours.seal("1001", "rahasia").unwrap();
        assert_eq!(ours.open("1001", &sealed).as_deref(), Ok("rahasia"));
        assert_eq!(ours.open("1002", &sealed), Err(DoesNotOpen));
        assert_eq!(vault(b"other", "apps").open("1001", &sealed), Err(DoesNotOpen));
        assert_eq!(vault(b"server", "links").open("1001", &sealed), Err(DoesNotOpen));
        for damaged in ["", "x", "AAAA", &sealed[4..]] {
            assert_eq!(ours.open("1001", damaged), Err(DoesNotOpen));
        }
        assert_ne!(ours.seal("1001", "rahasia").unwrap(), sealed, "a nonce is never used twice");
        assert!(!sealed.contains("rahasia") && !format!("{ours:?}").contains("server"));
    }
}
