//! Pusher frames in the body of an HTTP answer, for networks that block WebSockets: section 2.11 of the wire contract. One chunk per line; its first
//! character is its kind.

use super::frame::{Frame, FrameContent};
use serde_json::json;

/// Tells the other side, and whatever is between, that the stream lives.
pub const HEARTBEAT: &str = "h\n";
/// What pusher-js 8.6.0 lets an answer grow to, in UTF-16 units, before it drops it and asks for another (http_request.ts).
pub const ANSWER_UNITS: usize = 256 * 1024;

/// Returns the chunk that opens a session. Clients ask `hostname`, if there is one, from then on.
#[must_use]
pub fn open(hostname: &str) -> String {
    if hostname.is_empty() { "o{}\n".to_owned() } else { format!("o{}\n", json!({ "hostname": hostname })) }
}

/// Chunks, ready to be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    /// Their text.
    pub text: String,
    /// Whether they end the session.
    pub ends_session: bool,
}

/// Returns frames as chunks, in order: messages that follow each other in one chunk.
#[must_use]
pub fn chunks(frames: &[Frame]) -> Chunks {
    let mut chunks = Chunks::default();
    let mut has_open_list = false;
    for frame in frames {
        match frame.content() {
            FrameContent::Text(text) => {
                chunks.text.push_str(if has_open_list { "," } else { "a[" });
                chunks.text.push_str(&json!(&*text).to_string());
                has_open_list = true;
            }
            // Nothing of the protocol is binary.
            FrameContent::Binary(_) | FrameContent::Ping(_) | FrameContent::Pong(_) => {}
            FrameContent::Close(code, reason) => {
                if std::mem::take(&mut has_open_list) {
                    chunks.text.push_str("]\n");
                }
                chunks.text.push_str(&format!("c{}\n", json!([code, reason])));
                chunks.ends_session = true;
                break;
            }
        }
    }
    if has_open_list {
        chunks.text.push_str("]\n");
    }
    chunks
}

/// Returns how much chunks add to what a client counts of an answer.
#[must_use]
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Reads what a client sends: a JSON list of messages; an empty one is a sign of life. `None` for anything else.
#[must_use]
pub fn parse_messages(body: &[u8]) -> Option<Vec<String>> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_share_a_chunk_and_a_close_has_its_own() {
        let (first, second) = (Frame::text("{\"a\":\"é\\n\"}"), Frame::text("x\ny"));
        let close = Frame::close(4200, "bye");
        let told = chunks(&[first.clone(), Frame::ping(), second, close.clone(), first.clone()]);
        assert_eq!(told.text, "a[\"{\\\"a\\\":\\\"é\\\\n\\\"}\",\"x\\ny\"]\nc[4200,\"bye\"]\n");
        assert!(told.ends_session);
        assert_eq!(chunks(&[close]).text, "c[4200,\"bye\"]\n");
        assert_eq!(chunks(&[Frame::pong(b"")]), Chunks::default());
        assert!(!chunks(&[first]).ends_session);
    }

    #[test]
    fn a_session_may_be_bound_to_a_host() {
        assert_eq!(open(""), "o{}\n");
        assert_eq!(open("node-3.example"), "o{\"hostname\":\"node-3.example\"}\n");
    }

    #[test]
    fn answers_are_counted_as_browsers_count() {
        assert_eq!(units("aé😀\n"), 5);
    }

    #[test]
    fn clients_send_lists_of_text() {
        assert_eq!(parse_messages(b"[]"), Some(Vec::new()));
        assert_eq!(parse_messages(br#"["{\"event\":\"pusher:ping\"}"]"#), Some(vec![r#"{"event":"pusher:ping"}"#.to_owned()]));
        for wrong in [&b""[..], b"{}", b"[1]", b"\"a\"", b"[\"a\"", b"\xff"] {
            assert_eq!(parse_messages(wrong), None);
        }
    }
}
