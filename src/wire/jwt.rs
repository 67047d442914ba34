//! Owns JSON Web Tokens signed with HMAC SHA-256 (RFC 7519, RFC 7515, algorithm HS256), as a Jitsi
//! server reads them. Called by `services/appointments/video`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::Value;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Returns `header.claims.signature`.
#[must_use]
pub fn sign_hs256(claims: &Value, secret: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = signature_of(&signed, secret);
    format!("{signed}.{signature}")
}

fn signature_of(signed: &str, secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    URL_SAFE_NO_PAD.encode(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7515_comes_out() {
        // RFC 7515, appendix A.1: header and claims with their line breaks, and the key as JWK.
        let secret =
            URL_SAFE_NO_PAD.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow").unwrap();
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                      eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        assert_eq!(signature_of(signed, &secret), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn the_usual_token_comes_out() {
        // The example of jwt.io: `{"sub":"1234567890","name":"John Doe","iat":1516239022}` under
        // "your-256-bit-secret".
        let claims = Value::from_iter([("iat", Value::from(1_516_239_022)), ("name", "John Doe".into()), ("sub", "1234567890".into())]);
        let token = sign_hs256(&claims, b"your-256-bit-secret");
        let [header, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(header, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        assert_eq!(serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap(), claims);
        assert_eq!(signature, signature_of(&format!("{header}.{body}"), b"your-256-bit-secret"));
    }
}
