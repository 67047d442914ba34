//! Owns the secret of a login: 256 bits of the operating system's randomness. Used by
//! [`super::sign_in`]. The token itself must not be stored: only its hash is.

use crate::{
    services::{ServiceError, ServiceResult},
    wire::signature::to_hex,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};

const TOKEN_BYTES: usize = 32;
/// 32 bytes in base64 without padding.
const TOKEN_CHARACTERS: usize = 43;

/// Makes a new token: 43 characters that fit into a cookie or a header without encoding.
pub fn new_token() -> ServiceResult<String> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ServiceError::internal("no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the hash under which a token's login is stored; `None` for a text that cannot be a
/// token. A plain SHA-256 is enough: the token is random, so it cannot be guessed.
#[must_use]
pub fn token_hash(token: &str) -> Option<String> {
    let is_shaped = token.len() == TOKEN_CHARACTERS && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    is_shaped.then(|| to_hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique_and_only_tokens_hash() {
        let token = new_token().unwrap();
        assert_ne!(token, new_token().unwrap());
        assert_eq!(token_hash(&token).unwrap().len(), 64);
        for text in ["", "short", &token[1..], &format!("{token}x"), &format!("{} ", &token[1..])] {
            assert_eq!(token_hash(text), None, "{text}");
        }
    }
}
