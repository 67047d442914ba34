//! Owns WebSocket frames (RFC 6455): reads frames of a server without copying them, and writes
//! small frames of a client.

use anyhow::{Result, bail};

/// Largest frame that is read; the server sends nothing near it.
const MAX_PAYLOAD: usize = 1 << 20;

/// Kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A text message.
    Text,
    /// The server ends the connection.
    Close,
    /// To be answered with a pong.
    Ping,
    /// Answer to a ping.
    Pong,
}

/// Cuts a byte stream into frames. Holds memory only while a frame is split over two reads.
#[derive(Debug, Default)]
pub struct FrameReader {
    rest: Vec<u8>,
}

impl FrameReader {
    /// Adds bytes from the socket and calls `on_frame` for every whole frame. Fails on frames that
    /// a server must not send: masked, fragmented or binary ones.
    pub fn read(&mut self, bytes: &[u8], mut on_frame: impl FnMut(Opcode, &[u8])) -> Result<()> {
        if self.rest.is_empty() {
            let used = cut_frames(bytes, &mut on_frame)?;
            self.rest.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return Ok(());
        }
        self.rest.extend_from_slice(bytes);
        let used = cut_frames(&self.rest, &mut on_frame)?;
        self.rest.drain(..used);
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        Ok(())
    }
}

/// Returns how many bytes were whole frames.
fn cut_frames(bytes: &[u8], on_frame: &mut impl FnMut(Opcode, &[u8])) -> Result<usize> {
    let mut used = 0;
    while let Some(head) = Head::parse(bytes.get(used..).unwrap_or_default())? {
        let Some(payload) = bytes.get(used + head.size..used + head.size + head.payload) else { break };
        on_frame(head.opcode, payload);
        used += head.size + head.payload;
    }
    Ok(used)
}

struct Head {
    opcode: Opcode,
    size: usize,
    payload: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = match first {
            0x81 => Opcode::Text,
            0x88 => Opcode::Close,
            0x89 => Opcode::Ping,
            0x8a => Opcode::Pong,
            other => bail!("unexpected frame head {other:#04x}"),
        };
        let (size, payload) = match (second, rest) {
            (128.., _) => bail!("the server masked a frame"),
            (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
            (127, [a, b, c, d, e, f, g, h, ..]) => (10, usize::try_from(u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))?),
            (126 | 127, _) => return Ok(None),
            (short, _) => (2, usize::from(*short)),
        };
        if payload > MAX_PAYLOAD {
            bail!("frame of {payload} bytes");
        }
        Ok(Some(Self { opcode, size, payload }))
    }
}

/// Encodes a client's text frame. The mask is zero: allowed on the wire, and it costs nothing.
pub fn text_frame(text: &str) -> Vec<u8> {
    client_frame(0x81, text.as_bytes())
}

/// Encodes the answer to a ping.
pub fn pong_frame(payload: &[u8]) -> Vec<u8> {
    client_frame(0x8a, payload)
}

fn client_frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes as a server does: without a mask.
    fn server_frame(head: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = client_frame(head, payload);
        let size = frame.len() - payload.len();
        frame.drain(size - 4..size);
        frame[1] &= 0x7f;
        frame
    }

    fn read_in_pieces(bytes: &[u8], piece: usize) -> Vec<(Opcode, Vec<u8>)> {
        let (mut reader, mut frames) = (FrameReader::default(), Vec::new());
        for part in bytes.chunks(piece) {
            reader.read(part, |opcode, payload| frames.push((opcode, payload.to_vec()))).unwrap();
        }
        assert!(reader.rest.is_empty());
        frames
    }

    #[test]
    fn frames_of_all_lengths_are_read_however_they_are_cut() {
        let expected: Vec<_> = [0, 1, 125, 126, 300, 65_535, 65_536].map(|length| (Opcode::Text, vec![b'x'; length])).into();
        let bytes: Vec<u8> = expected.iter().flat_map(|(_, payload)| server_frame(0x81, payload)).collect();
        for piece in [1, 2, 7, 1000, bytes.len()] {
            assert_eq!(read_in_pieces(&bytes, piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn control_frames_are_told_apart() {
        let bytes = [server_frame(0x89, b"p"), server_frame(0x8a, b""), server_frame(0x88, &[0x10, 0x68])].concat();
        let kinds: Vec<_> = read_in_pieces(&bytes, 3).into_iter().map(|(opcode, _)| opcode).collect();
        assert_eq!(kinds, [Opcode::Ping, Opcode::Pong, Opcode::Close]);
    }

    #[test]
    fn what_a_server_must_not_send_is_an_error() {
        let read = |bytes: &[u8]| FrameReader::default().read(bytes, |_, _| ());
        assert!(read(&text_frame("masked")).is_err());
        assert!(read(&[0x01, 0x00]).is_err() && read(&[0x82, 0x00]).is_err());
        assert!(read(&[0x81, 127, 255, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
