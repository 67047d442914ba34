//! Owns the WebSocket frame: encoded once and shared by every socket that it is sent to. Called by
//! [`super::pusher`] and the sockets (`actors/sockets`, `http/sockets`).

use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
/// Most bytes of the payload of a control frame (RFC 6455, section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// A complete server frame: header and payload in one buffer. Cloning shares the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    header_len: u8,
}

/// Content of a frame, for a transport that builds its own headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameContent {
    /// A text frame.
    Text(ByteString),
    /// A binary frame.
    Binary(Bytes),
    /// A ping.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// A close with its code and reason.
    Close(u16, String),
}

impl Frame {
    /// Encodes a text frame.
    #[must_use]
    pub fn text(payload: &str) -> Self {
        Self::encode(TEXT, payload.as_bytes())
    }

    /// Encodes a binary frame; not part of the Pusher protocol.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Self {
        Self::encode(BINARY, payload)
    }

    /// Encodes an empty WebSocket ping.
    #[must_use]
    pub fn ping() -> Self {
        Self::encode(PING, &[])
    }

    /// Encodes a WebSocket pong with the payload of its ping (at most 125 bytes are kept).
    #[must_use]
    pub fn pong(payload: &[u8]) -> Self {
        Self::encode(PONG, payload.get(..MAX_CONTROL_PAYLOAD).unwrap_or(payload))
    }

    /// Encodes a close with a code and a reason, which is cut to fit a control frame.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(MAX_CONTROL_PAYLOAD - 2);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
        Self::encode(CLOSE, &payload)
    }

    fn encode(opcode: u8, payload: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(payload.len() + 10);
        bytes.put_u8(FINAL | opcode);
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(short @ 0..=125), _) => bytes.put_u8(short),
            (_, Ok(medium)) => {
                bytes.put_u8(126);
                bytes.put_u16(medium);
            }
            _ => {
                bytes.put_u8(127);
                bytes.put_u64(payload.len() as u64);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 10")]
        let header_len = bytes.len() as u8;
        bytes.put_slice(payload);
        Self { bytes: bytes.freeze(), header_len }
    }

    /// Returns header and payload as the socket writes them.
    #[must_use]
    pub const fn encoded(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the payload without copying it.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.bytes.slice(usize::from(self.header_len)..)
    }

    /// Returns the content, for a transport that builds its own headers. Shares the payload, does
    /// not copy it.
    #[must_use]
    pub fn content(&self) -> FrameContent {
        let payload = self.payload();
        match self.bytes.first().map(|byte| byte & 0x0F) {
            Some(CLOSE) => {
                let code = payload.get(..2).and_then(|code| <[u8; 2]>::try_from(code).ok()).map_or(1000, u16::from_be_bytes);
                FrameContent::Close(code, String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned())
            }
            Some(BINARY) => FrameContent::Binary(payload),
            Some(PING) => FrameContent::Ping(payload),
            Some(PONG) => FrameContent::Pong(payload),
            _ => FrameContent::Text(ByteString::try_from(payload).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_follow_the_length_classes_of_rfc_6455() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = Frame::text(&"a".repeat(length));
            assert_eq!(frame.encoded().len(), length + header, "{length}");
            assert_eq!(frame.encoded()[0], 0x81);
            assert_eq!(frame.payload().len(), length);
        }
    }

    #[test]
    fn close_carries_code_and_a_reason_cut_at_a_character() {
        let frame = Frame::close(4100, &"é".repeat(100));
        assert!(frame.encoded().len() <= 2 + MAX_CONTROL_PAYLOAD);
        let FrameContent::Close(code, reason) = frame.content() else { panic!("not a close") };
        assert_eq!(code, 4100);
        assert_eq!(reason.chars().count(), 61);
    }

    #[test]
    fn clones_share_the_payload() {
        let frame = Frame::text("{}");
        assert_eq!(frame.clone().encoded().as_ptr(), frame.encoded().as_ptr());
        assert_eq!(frame.content(), FrameContent::Text("{}".into()));
    }
}
