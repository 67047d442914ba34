//! Owns the signature of a backend's request to the HTTP API (docs/pusher-protocol.md, sections 2.7
//! and 2.8). It covers method, path and all query parameters exactly as received. Called by
//! `http/resources/apps/backend_api`.

use super::signature::SecretKey;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

/// How far the clocks of a backend and this server may be apart, in seconds.
pub const WINDOW_S: i64 = 600;

/// Says that a request is not signed by the app it is for. Every reason has the same sentence, so
/// that a stranger learns nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is not signed by this app, or its clock is wrong by more than {WINDOW_S} seconds")]
pub struct NotSigned;

/// A request as it was received, with nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// Upper case.
    pub method: &'a str,
    /// The path the client used.
    pub path: &'a str,
    /// The query, without the `?`.
    pub query: &'a str,
}

/// The claims of a request about itself, read but not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `auth_key`.
    pub key: String,
    signature: String,
    body_md5: Option<String>,
}

impl Claims {
    /// Reads the claims of a request. Fails when one is missing, given twice, of another version,
    /// or outside of the window around `now_s`.
    pub fn read(query: &str, now_s: i64) -> Result<Self, NotSigned> {
        let mut key = None;
        let mut signature = None;
        let mut timestamp = None;
        let mut version = None;
        let mut body_md5 = None;
        for (name, value) in parameters(query, false) {
            let place = match name.as_str() {
                "auth_key" => &mut key,
                "auth_signature" => &mut signature,
                "auth_timestamp" => &mut timestamp,
                "auth_version" => &mut version,
                "body_md5" => &mut body_md5,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(NotSigned);
            }
        }
        let at_s: i64 = timestamp.and_then(|text| text.parse().ok()).ok_or(NotSigned)?;
        if version.as_deref() != Some("1.0") || now_s.saturating_sub(at_s).saturating_abs() > WINDOW_S {
            return Err(NotSigned);
        }
        Ok(Self { key: key.ok_or(NotSigned)?, signature: signature.ok_or(NotSigned)?, body_md5 })
    }

    /// Checks the signature. It covers the claimed hash of the body, so the server need not read
    /// the body before; see [`Self::verify_body`].
    pub fn verify(&self, secret: &SecretKey, request: SignedRequest<'_>) -> Result<(), NotSigned> {
        let decoded = decode(request.path);
        let paths = [Some(request.path), Some(decoded.as_str()).filter(|path| *path != request.path)];
        // Clients encode a space differently and read `+` differently, so a query with a `+` is
        // tried both ways.
        let plus_forms = if request.query.contains('+') { &[false, true][..] } else { &[false][..] };
        let is_signed = paths.into_iter().flatten().any(|path| {
            plus_forms
                .iter()
                .any(|plus_is_space| secret.verifies(&signed_text(request.method, path, request.query, *plus_is_space), &self.signature))
        });
        if is_signed { Ok(()) } else { Err(NotSigned) }
    }

    /// Checks that the body is the signed one. A body needs `body_md5`; without a body the
    /// parameter is allowed, because Python's SDK sends it.
    pub fn verify_body(&self, body: &[u8]) -> Result<(), NotSigned> {
        match &self.body_md5 {
            // The hash contains no secret, so a plain comparison is safe; the signature over it is
            // compared in constant time.
            Some(claimed) if *claimed == super::signature::to_hex(&Md5::digest(body)) => Ok(()),
            None if body.is_empty() => Ok(()),
            _ => Err(NotSigned),
        }
    }
}

/// Returns the text that a backend signs: method, path, and the parameters sorted by lower-case
/// name.
fn signed_text(method: &str, path: &str, query: &str, plus_is_space: bool) -> String {
    let mut parameters = parameters(query, plus_is_space);
    parameters.retain(|(name, _)| name != "auth_signature");
    parameters.sort();
    let joined: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}\n{path}\n{}", joined.join("&"))
}

fn parameters(query: &str, plus_is_space: bool) -> Vec<(String, String)> {
    let read = |text: &str| decode(&if plus_is_space { text.replace('+', " ") } else { text.to_owned() });
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (read(name).to_lowercase(), read(value))).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_S: i64 = 1_353_088_179;
    const BODY: &str = r#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
    /// The vendor's test vector: app 3, with key and secret from their documentation.
    const QUERY: &str = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f\
                         &auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";

    fn secret() -> SecretKey {
        SecretKey::new(b"7ad3773142a6692b25b8")
    }

    fn check(method: &str, path: &str, query: &str, body: &str) -> Result<(), NotSigned> {
        let claims = Claims::read(query, NOW_S)?;
        claims.verify(&secret(), SignedRequest { method, path, query })?;
        claims.verify_body(body.as_bytes())
    }

    fn signed(method: &str, path: &str, parameters: &str) -> String {
        let query = format!("auth_key=k&auth_timestamp={NOW_S}&auth_version=1.0{parameters}");
        format!("{query}&auth_signature={}", secret().sign(&signed_text(method, path, &query, false)))
    }

    #[test]
    fn the_vendors_vector_holds() {
        assert_eq!(check("POST", "/apps/3/events", QUERY, BODY), Ok(()));
        assert_eq!(Claims::read(QUERY, NOW_S).unwrap().key, "278d425bdf160c739803");
    }

    #[test]
    fn another_method_path_body_or_parameter_is_not_signed() {
        for (method, path, query, body) in [
            ("GET", "/apps/3/events", QUERY.to_owned(), BODY),
            ("POST", "/apps/3/batch_events", QUERY.to_owned(), BODY),
            ("POST", "/apps/3/events", QUERY.to_owned(), "{}"),
            ("POST", "/apps/3/events", QUERY.to_owned(), ""),
            ("POST", "/apps/3/events", format!("{QUERY}&info=user_count"), BODY),
            ("POST", "/apps/3/events", QUERY.replace("da45", "db45"), BODY),
            ("POST", "/apps/3/events", QUERY.replace("=1.0", "=2.0"), BODY),
            ("POST", "/apps/3/events", QUERY.replace("&auth_version=1.0", ""), BODY),
            ("POST", "/apps/3/events", format!("{QUERY}&auth_timestamp={NOW_S}"), BODY),
        ] {
            assert_eq!(check(method, path, &query, body), Err(NotSigned), "{method} {path} {query}");
        }
    }

    #[test]
    fn a_body_needs_its_md5_and_an_empty_one_may_have_it() {
        let path = "/apps/3/channels";
        assert_eq!(check("GET", path, &signed("GET", path, ""), ""), Ok(()));
        let of_nothing = "&body_md5=d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(check("GET", path, &signed("GET", path, of_nothing), ""), Ok(()));
        assert_eq!(check("POST", path, &signed("POST", path, ""), "{}"), Err(NotSigned));
        assert_eq!(check("POST", path, &signed("POST", path, of_nothing), "{}"), Err(NotSigned));
    }

    #[test]
    fn clocks_may_be_ten_minutes_apart() {
        for (now_s, is_read) in [(NOW_S - 600, true), (NOW_S + 600, true), (NOW_S - 601, false), (NOW_S + 601, false), (i64::MIN, false)] {
            assert_eq!(Claims::read(QUERY, now_s).is_ok(), is_read, "{now_s}");
        }
    }

    #[test]
    fn values_are_signed_decoded_and_names_in_lower_case() {
        let path = "/apps/3/channels";
        let text =
            format!("GET\n{path}\nauth_key=k&auth_timestamp={NOW_S}&auth_version=1.0&filter_by_prefix=presence-&info=user_count,x y");
        let query = format!(
            "info=user_count%2Cx%20y&Filter_By_Prefix=presence-&auth_key=k&auth_timestamp={NOW_S}&auth_version=1.0&auth_signature={}",
            secret().sign(&text)
        );
        assert_eq!(check("GET", path, &query, ""), Ok(()));
        assert_eq!(check("GET", path, &query.replace("%20", "+"), ""), Ok(()), "a plus may be a space");
        let spaced = "/apps/3/users/a b/terminate_connections";
        assert_eq!(check("POST", "/apps/3/users/a%20b/terminate_connections", &signed("POST", spaced, ""), ""), Ok(()));
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(query in ".{0,200}", path in ".{0,40}", body in ".{0,40}") {
            let query = format!("{query}&auth_key=k&auth_timestamp={NOW_S}&auth_version=1.0&auth_signature=ab");
            prop_assert!(check("POST", &path, &query, &body).is_err());
        }
    }
}
