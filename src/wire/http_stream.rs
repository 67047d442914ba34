//! Owns the HTTP fallback of the sockets, for networks that block WebSockets: Pusher frames in the
//! body of an HTTP answer (docs/pusher-protocol.md, section 2.11). Each chunk is one line, and its
//! first character is its kind. Called by `actors/sockets/polling_session` and
//! `http/sockets/polling`.

use super::frame::{Frame, FrameContent};
use serde_json::json;

/// Chunk that shows the client, and every proxy in between, that the stream is alive.
pub const HEARTBEAT: &str = "h\n";
/// Size that pusher-js 8.6.0 lets an answer reach, in UTF-16 units, before it drops the answer and
/// asks for another (http_request.ts).
pub const ANSWER_UNITS: usize = 256 * 1024;

/// Returns the chunk that opens a session. If `hostname` is not empty, the client sends its further
/// requests to that host.
#[must_use]
pub fn open(hostname: &str) -> String {
    if hostname.is_empty() { "o{}\n".to_owned() } else { format!("o{}\n", json!({ "hostname": hostname })) }
}

/// Chunks that are ready to send.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    /// The text of the chunks.
    pub text: String,
    /// Whether the last chunk ends the session.
    pub ends_session: bool,
}

/// Returns frames as chunks, in order. Text frames that follow each other share a chunk.
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
            // The protocol has no binary frames; WebSocket pings and pongs have no chunk.
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

/// Returns the length of chunks in UTF-16 units, as a client counts it against [`ANSWER_UNITS`].
#[must_use]
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Reads the body that a client sends: a JSON list of messages; an empty list is a ping. `None` for
/// anything else.
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
