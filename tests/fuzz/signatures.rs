//! Fuzzes the signatures of requests to the HTTP API, and of channels and users: a text that
//! differs from the signed one must not pass.

use crate::damage::{Dice, damage};
use educounsel::{
    domain::live::channel::ChannelName,
    wire::{
        api_signature::{Claims, SignedRequest, WINDOW_S},
        signature::{SecretKey, channel_text, user_text},
    },
};
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use std::{str::from_utf8, sync::LazyLock};

const NOW_S: i64 = 1_353_088_179;
const BODY: &[u8] = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;

static SECRET: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::new(b"7ad3773142a6692b25b8"));

/// A request that is signed, as an SDK makes it: name, method, path, its own parameters, body.
struct Golden {
    method: &'static str,
    path: &'static str,
    query: String,
    body: &'static [u8],
}

static REQUESTS: LazyLock<Vec<Golden>> = LazyLock::new(|| {
    vec![
        golden("POST", "/apps/3/events", "", BODY),
        golden("POST", "/apps/3/batch_events", "", br#"{"batch":[]}"#),
        golden("GET", "/apps/3/channels", "&filter_by_prefix=presence-&info=user_count", b""),
        golden("GET", "/apps/3/channels/presence-a", "&info=user_count,subscription_count", b""),
        golden("POST", "/apps/3/users/ana b/terminate_connections", "", b"{}"),
    ]
});

/// Signs by docs/pusher-protocol.md, section 2.7, in a second implementation.
fn golden(method: &'static str, path: &'static str, own: &str, body: &'static [u8]) -> Golden {
    let md5: String = Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let query = format!("auth_key=278d425bdf160c739803&auth_timestamp={NOW_S}&auth_version=1.0&body_md5={md5}{own}");
    let signature = SECRET.sign(&format!("{method}\n{path}\n{query}"));
    Golden { method, path, query: format!("{query}&auth_signature={signature}"), body }
}

/// Damages a signed request in one of its parts. Returns whether it passed.
pub fn request(dice: &mut Dice) -> bool {
    let requests: &[Golden] = &REQUESTS;
    let original = dice.pick(requests);
    let Golden { method, path, query, body } = original;
    let others: Vec<&[u8]> = requests.iter().map(|other| other.query.as_bytes()).collect();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (mut query, mut path, mut body, mut method) = (query.clone(), (*path).to_owned(), body.to_vec(), *method);
    match dice.below(8) {
        0 => path = text(damage(dice, path.into_bytes(), &[b"/apps/4/events", b"%2F..%20"])),
        1 => body = damage(dice, body, &[BODY, b"{}"]),
        2 => {
            let methods: [&str; 5] = ["GET", "POST", "PUT", "post", ""];
            method = *dice.pick(&methods);
        }
        3 => query = swap_parameters(dice, &query),
        _ => query = text(damage(dice, query.into_bytes(), &others)),
    }
    let now_s = NOW_S + if dice.one_in(4) { dice.below(4_000) as i64 - 2_000 } else { 0 };
    let Ok(claims) = Claims::read(&query, now_s) else { return false };
    let passes = claims.verify(&SECRET, SignedRequest { method, path: &path, query: &query }).is_ok() && claims.verify_body(&body).is_ok();
    if passes {
        assert_eq!(method, original.method, "{query}");
        assert_eq!(body.as_slice(), original.body, "{query}");
        assert!((now_s - NOW_S).abs() <= WINDOW_S, "{now_s}");
        assert!(path == original.path || decoded(&path, false) == original.path, "{path}");
        let meant = meaning(&original.query, false);
        assert!(meaning(&query, false) == meant || meaning(&query, true) == meant, "{query}");
        let other_key = SecretKey::new(b"another");
        assert!(claims.verify(&other_key, SignedRequest { method, path: &path, query: &query }).is_err());
    }
    passes
}

/// Changes the order of parameters, which does not matter.
fn swap_parameters(dice: &mut Dice, query: &str) -> String {
    let mut pairs: Vec<&str> = query.split('&').collect();
    for _ in 0..4 {
        let (a, b) = (dice.below(pairs.len()), dice.below(pairs.len()));
        pairs.swap(a, b);
    }
    pairs.join("&")
}

fn decoded(text: &str, plus_is_space: bool) -> String {
    let text = if plus_is_space { text.replace('+', " ") } else { text.to_owned() };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// Returns the text of the parameters, which must be read as they were signed. A pair `a=b&c=d` and
/// one parameter `a` with `b&c=d` give the same text: the vendors designed it so, and this server
/// follows them.
fn meaning(query: &str, plus_is_space: bool) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> =
        pairs.map(|(name, value)| (decoded(name, plus_is_space).to_lowercase(), decoded(value, plus_is_space))).collect();
    pairs.retain(|(name, _)| name != "auth_signature");
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Damages the signature or the text of a channel or user. Returns whether it passed.
pub fn channel(dice: &mut Dice) -> bool {
    let names: [&str; 3] = ["private-foobar", "presence-foobar", "private-encrypted-a"];
    let name = *dice.pick(&names);
    let channel = ChannelName::parse(name).unwrap();
    let text = match dice.below(3) {
        0 => channel_text("1234.1234", &channel, None),
        1 => channel_text("1234.1234", &channel, Some(r#"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#)),
        _ => user_text("1234.1234", r#"{"id":"12345"}"#),
    };
    let signature = SECRET.sign(&text);
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{signature}");
    let (mut sent_text, mut sent_signature) = (text.clone().into_bytes(), signature.clone().into_bytes());
    match dice.below(3) {
        0 => sent_text = damage(dice, sent_text, &[b":private-a", b"::user::"]),
        1 => sent_signature = damage(dice, sent_signature, &[b"4708d583dada", b"ABCDEF"]),
        _ => sent_signature.make_ascii_uppercase(),
    }
    let (Ok(sent_text), Ok(sent_signature)) = (from_utf8(&sent_text), from_utf8(&sent_signature)) else { return false };
    let passes = SECRET.verifies(sent_text, sent_signature);
    assert_eq!(passes, sent_text == text && sent_signature == signature, "{sent_text} with {sent_signature}");
    passes
}
