//! Fuzzes streams of WebSocket frames, cut at any byte.

use crate::damage::{Dice, damage};
use educounsel::http::sockets::{
    frame_gauge::{FrameGauge, Measured},
    inbound::{FrameReader, Inbound, Violation},
};

/// Small, so that damage can exceed it.
const LIMIT: usize = 300;
const FINAL: u8 = 0x80;

/// The content of a stream: its messages, and the violation that ended it.
type Read = (Vec<Inbound>, Option<Violation>);

/// Reads a damaged stream at once, in pieces, and then the accepted messages once more. Returns
/// whether no frame broke the rules.
pub fn case(dice: &mut Dice) -> bool {
    let mut stream = Vec::new();
    for _ in 0..=dice.below(4) {
        add_message(dice, &mut stream);
    }
    let headers: [&[u8]; 6] = [
        &[0x81, 0xFE, 0xFF, 0xFF],
        &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0x00, 0x80],
        &[0x88, 0x80],
        &[0xC1, 0x80],
        &[0x89, 0xFE, 0, 0xFF],
    ];
    let stream = damage(dice, stream, &headers);
    let whole = read(&[&stream]);
    let pieces = pieces(dice, &stream);
    assert_eq!(read(&pieces), whole, "how the bytes are cut must not matter");
    whole.0.iter().for_each(check);
    check_gauge(&stream, &pieces);
    let again: Vec<u8> = whole.0.iter().flat_map(|message| written(dice, message)).collect();
    assert_eq!(read(&[&again]), (whole.0, None), "what was accepted reads the same again");
    whole.1.is_none()
}

/// Appends a message of a client: whole or in fragments, with control frames between them.
fn add_message(dice: &mut Dice, stream: &mut Vec<u8>) {
    let payloads: [&[u8]; 5] = [b"", br#"{"event":"pusher:ping","data":{}}"#, "héllo \u{1F600}".as_bytes(), &[b'x'; 125], &[b'y'; 130]];
    let payload = *dice.pick(&payloads);
    match dice.below(8) {
        0 => frame(dice, stream, FINAL | 0x9, &payload[..payload.len().min(125)]),
        1 => frame(dice, stream, FINAL | 0xA, &payload[..payload.len().min(125)]),
        2 => frame(dice, stream, FINAL | 0x2, payload),
        3 => {
            let closes: [&[u8]; 4] = [b"", &[0x03, 0xE8], &[0x03, 0xE8, b'o', b'k'], &[0x0F, 0xA0]];
            let close = *dice.pick(&closes);
            frame(dice, stream, FINAL | 0x8, close);
        }
        4 | 5 => {
            let at = dice.below(payload.len() + 1);
            frame(dice, stream, 0x1, &payload[..at]);
            if dice.one_in(2) {
                frame(dice, stream, FINAL | 0x9, b"between");
            }
            frame(dice, stream, 0x0, b"");
            frame(dice, stream, FINAL, &payload[at..]);
        }
        _ => frame(dice, stream, FINAL | 0x1, payload),
    }
}

/// Appends a frame masked as a client must.
fn frame(dice: &mut Dice, stream: &mut Vec<u8>, first_byte: u8, payload: &[u8]) {
    stream.push(first_byte);
    match payload.len() {
        short @ 0..=125 => stream.push(FINAL | short as u8),
        long => {
            stream.push(FINAL | 126);
            stream.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    let mask = (dice.next() as u32).to_be_bytes();
    stream.extend_from_slice(&mask);
    stream.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

fn pieces<'a>(dice: &mut Dice, stream: &'a [u8]) -> Vec<&'a [u8]> {
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let most = if dice.one_in(2) { 8 } else { rest.len() };
        let (piece, behind) = rest.split_at(1 + dice.below(most.min(rest.len())));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Reads as a transport does: up to the first violation.
fn read(pieces: &[&[u8]]) -> Read {
    let mut reader = FrameReader::new(LIMIT);
    let mut messages = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(violation) => return (messages, Some(violation)),
            }
        }
    }
    (messages, None)
}

fn check(message: &Inbound) {
    match message {
        Inbound::Text(text) => assert!(text.len() <= LIMIT),
        Inbound::Binary(bytes) => assert!(bytes.len() <= LIMIT),
        Inbound::Ping(payload) => assert!(payload.len() <= 125),
        Inbound::Pong | Inbound::Close => {}
    }
}

/// The gauge finds the same frame ends however the bytes are cut, and takes every byte until a
/// frame is too large.
fn check_gauge(stream: &[u8], pieces: &[&[u8]]) {
    let ends = |pieces: &[&[u8]]| {
        let (mut gauge, mut ends, mut at) = (FrameGauge::new(LIMIT), Vec::new(), 0);
        for mut piece in pieces.iter().copied() {
            while !piece.is_empty() {
                let Ok(Measured { bytes, ends_frame }) = gauge.measure(piece) else { return (ends, None) };
                assert!(bytes > 0 && bytes <= piece.len());
                at += bytes;
                ends.extend(ends_frame.then_some(at));
                piece = &piece[bytes..];
            }
        }
        (ends, Some(at))
    };
    let whole = ends(&[stream]);
    assert!(whole.1.is_none_or(|taken| taken == stream.len()));
    assert_eq!(ends(pieces), whole);
}

/// Writes a message anew, texts in two fragments.
fn written(dice: &mut Dice, message: &Inbound) -> Vec<u8> {
    let mut stream = Vec::new();
    match message {
        Inbound::Text(text) => {
            let at = dice.below(text.len() + 1);
            frame(dice, &mut stream, 0x1, &text.as_bytes()[..at]);
            frame(dice, &mut stream, FINAL, &text.as_bytes()[at..]);
        }
        Inbound::Binary(bytes) => frame(dice, &mut stream, FINAL | 0x2, bytes),
        Inbound::Ping(payload) => frame(dice, &mut stream, FINAL | 0x9, payload),
        Inbound::Pong => frame(dice, &mut stream, FINAL | 0xA, b""),
        Inbound::Close => frame(dice, &mut stream, FINAL | 0x8, b""),
    }
    stream
}
