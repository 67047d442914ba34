//! Owns the way from WebSocket frames to whole messages, with the limits and close statuses of RFC
//! 6455. Called by both transports. Must not keep more than one message of a client.

use super::frame_gauge::{FrameGauge, FrameTooLarge, MAX_HEADER};
use actix_http::ws::{Codec, Frame, Item, Message, ProtocolError};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use tokio_util::codec::Decoder as _;

/// Status of a close because of a message that is too large.
pub(super) const TOO_LARGE: Violation = Violation { status: 1009, reason: "message too large" };
/// Status of a close because of text that is not UTF-8.
pub(super) const NOT_UTF8: Violation = Violation { status: 1007, reason: "text is not UTF-8" };
/// Status of a close because of frames that break the protocol.
const BROKEN: Violation = Violation { status: 1002, reason: "protocol error" };

/// A whole message or control frame of the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A text message, its fragments joined.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping; the server answers with its payload.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// The client closes, or answers our close.
    Close,
}

/// A breach of RFC 6455 that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// Close status.
    pub status: u16,
    /// Close reason.
    pub reason: &'static str,
}

/// Joins fragments into messages; at most `limit` bytes each.
#[derive(Debug)]
pub struct MessageAssembler {
    limit: usize,
    fragments: BytesMut,
    is_text: bool,
    /// How many bytes of a text's fragments are known to be whole characters.
    checked: usize,
}

impl MessageAssembler {
    /// Makes an assembler for messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, fragments: BytesMut::new(), is_text: false, checked: 0 }
    }

    /// Takes one frame of the codec. `Ok(None)` means that the message is not complete yet.
    pub fn take(&mut self, frame: Frame) -> Result<Option<Inbound>, Violation> {
        match frame {
            Frame::Text(bytes) => text(bytes).map(Some),
            Frame::Binary(bytes) => Ok(Some(Inbound::Binary(bytes))),
            Frame::Ping(payload) => Ok(Some(Inbound::Ping(payload))),
            Frame::Pong(_) => Ok(Some(Inbound::Pong)),
            Frame::Close(_) => Ok(Some(Inbound::Close)),
            Frame::Continuation(item) => self.take_fragment(item),
        }
    }

    /// Takes one message of the WebSocket context, which has validated texts already.
    pub fn take_message(&mut self, message: Message) -> Result<Option<Inbound>, Violation> {
        match message {
            Message::Text(text) => Ok(Some(Inbound::Text(text))),
            Message::Binary(bytes) => Ok(Some(Inbound::Binary(bytes))),
            Message::Ping(payload) => Ok(Some(Inbound::Ping(payload))),
            Message::Pong(_) => Ok(Some(Inbound::Pong)),
            Message::Close(_) => Ok(Some(Inbound::Close)),
            Message::Continuation(item) => self.take_fragment(item),
            Message::Nop => Ok(None),
        }
    }

    fn take_fragment(&mut self, item: Item) -> Result<Option<Inbound>, Violation> {
        let (bytes, is_last) = match item {
            Item::FirstText(bytes) => {
                self.is_text = true;
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.is_text = false;
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        if self.fragments.len() + bytes.len() > self.limit {
            return Err(TOO_LARGE);
        }
        self.fragments.extend_from_slice(&bytes);
        if !is_last {
            return self.check_text().map(|()| None);
        }
        self.checked = 0;
        let whole = std::mem::take(&mut self.fragments).freeze();
        if self.is_text { text(whole).map(Some) } else { Ok(Some(Inbound::Binary(whole))) }
    }

    /// Refuses text as soon as it can no longer become UTF-8, without waiting for its end. A
    /// character may be split between two fragments.
    fn check_text(&mut self) -> Result<(), Violation> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(self.fragments.get(self.checked..).unwrap_or_default()) {
            Ok(whole) => self.checked += whole.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(NOT_UTF8),
        }
        Ok(())
    }
}

fn text(bytes: Bytes) -> Result<Inbound, Violation> {
    ByteString::try_from(bytes).map(Inbound::Text).map_err(|_| NOT_UTF8)
}

impl From<&ProtocolError> for Violation {
    fn from(error: &ProtocolError) -> Self {
        match error {
            ProtocolError::Overflow => TOO_LARGE,
            _ => BROKEN,
        }
    }
}

/// Cuts a client's bytes into messages.
///
/// - It has no buffer while no bytes wait: an idle socket costs nothing here.
/// - It keeps nothing of a frame that announces more than the limit: the codec would gather the
///   whole frame before it measures it.
pub struct FrameReader {
    codec: Codec,
    gauge: FrameGauge,
    is_too_large: bool,
    bytes: BytesMut,
    assembler: MessageAssembler,
}

impl FrameReader {
    /// Makes a reader for messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            codec: Codec::new().max_size(limit),
            gauge: FrameGauge::new(limit),
            is_too_large: false,
            bytes: BytesMut::new(),
            assembler: MessageAssembler::new(limit),
        }
    }

    /// Adds bytes from the socket, up to the first frame that announces too much.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_too_large {
            match self.gauge.measure(rest) {
                Ok(step) => {
                    let (piece, behind) = rest.split_at(step.bytes.min(rest.len()));
                    self.bytes.extend_from_slice(piece);
                    rest = behind;
                }
                Err(FrameTooLarge) => {
                    self.is_too_large = true;
                    // Keep the header only: the codec then finds its other faults, however the
                    // bytes were cut.
                    self.bytes.extend_from_slice(rest.get(..MAX_HEADER).unwrap_or(rest));
                }
            }
        }
    }

    /// Returns the next whole message; `Ok(None)` means that more bytes are needed. Messages before
    /// a frame that is too large are returned before its error.
    pub fn next_message(&mut self) -> Result<Option<Inbound>, Violation> {
        loop {
            match self.codec.decode(&mut self.bytes) {
                Ok(Some(frame)) => {
                    if let Some(message) = self.assembler.take(frame)? {
                        return Ok(Some(message));
                    }
                }
                Ok(None) if self.is_too_large => return Err(TOO_LARGE),
                Ok(None) => {
                    if self.bytes.is_empty() {
                        self.bytes = BytesMut::new();
                    }
                    return Ok(None);
                }
                Err(error) => return Err(Violation::from(&error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client_frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first_byte];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn read_all(limit: usize, bytes: &[u8]) -> Result<Vec<Inbound>, Violation> {
        let mut reader = FrameReader::new(limit);
        let mut messages = Vec::new();
        for byte in bytes {
            reader.feed(&[*byte]);
            while let Some(message) = reader.next_message()? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    #[test]
    fn fragments_are_joined_with_control_frames_between_them() {
        let bytes = [client_frame(0x01, "hé".as_bytes()), client_frame(0x89, b"p"), client_frame(0x80, b"llo")].concat();
        assert_eq!(read_all(100, &bytes), Ok(vec![Inbound::Ping("p".into()), Inbound::Text("héllo".into())]));
    }

    #[test]
    fn breaches_end_with_the_status_of_the_standard() {
        let status = |bytes: &[u8]| read_all(10, bytes).map_err(|violation| violation.status);
        assert_eq!(status(&client_frame(0x81, b"01234567890")), Err(1009));
        assert_eq!(status(&[client_frame(0x01, b"012345"), client_frame(0x80, b"678901")].concat()), Err(1009));
        assert_eq!(status(&client_frame(0x81, &[0xFF])), Err(1007));
        assert_eq!(status(&client_frame(0x83, b"")), Err(1002));
        assert_eq!(status(&client_frame(0x88, &[0x03])), Err(1002));
        assert_eq!(status(&client_frame(0xC1, b"")), Err(1002));
        assert_eq!(status(&[0x81, 0x01, b'a']), Err(1002));
    }

    #[test]
    fn text_that_cannot_become_utf_8_is_refused_at_its_fragment() {
        let status = |bytes: &[u8]| read_all(10, bytes).map_err(|violation| violation.status);
        assert_eq!(status(&client_frame(0x01, &[b'a', 0xFF])), Err(1007));
        let cut = [client_frame(0x01, &[b'a', 0xC3]), client_frame(0x00, &[0xA9, 0xE2]), client_frame(0x80, &[0x82, 0xAC])].concat();
        assert_eq!(status(&cut), Ok(vec![Inbound::Text("aé€".into())]));
        assert_eq!(status(&[client_frame(0x01, &[0xC3]), client_frame(0x00, b"a")].concat()), Err(1007));
        // The next text starts afresh, and bytes of a binary message are not checked as text.
        let twice = [cut.clone(), cut, client_frame(0x02, &[0xFF]), client_frame(0x80, b"")].concat();
        assert_eq!(status(&twice).map(|messages| messages.len()), Ok(3));
    }

    #[test]
    fn a_frame_that_announces_too_much_is_refused_by_its_header_and_never_kept() {
        let mut reader = FrameReader::new(100);
        reader.feed(&client_frame(0x81, b"before"));
        reader.feed(&[0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0]);
        for _ in 0..100 {
            reader.feed(&[7; 65_536]);
        }
        assert!(reader.bytes.len() < 100, "{} bytes kept", reader.bytes.len());
        assert_eq!(reader.next_message(), Ok(Some(Inbound::Text("before".into()))));
        assert_eq!(reader.next_message(), Err(TOO_LARGE));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_all(64, &bytes);
        }
    }
}
