//! Owns the measuring of a client's WebSocket frames by their headers, before any of their bytes
//! are kept. Called by [`super::inbound`] (raw transport) and [`super::context`]. Must not keep
//! more than a frame header.
//!
//! - The codec of actix-http compares a frame with the limit only when the whole frame is in
//!   memory. Without this gauge, a header that announces 4 EiB would make the server gather
//!   everything that follows.

use actix_web::{
    error::PayloadError,
    web::{Buf as _, Bytes},
};
use futures_util::Stream;
use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// Longest frame header: two bytes and a length of eight. The gauge counts the mask of four that
/// follows with the payload.
pub(super) const MAX_HEADER: usize = 10;
/// Bytes of the mask.
const MASK_BYTES: u64 = 4;

/// A frame announces more than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("frame is larger than the limit")]
pub struct FrameTooLarge;

/// The result of one measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Bytes that belong to the current frame.
    pub bytes: usize,
    /// Whether the frame ends with them.
    pub ends_frame: bool,
}

/// Follows the frames in a stream of bytes; keeps at most a header.
#[derive(Debug)]
pub struct FrameGauge {
    limit: u64,
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// Bytes of mask and payload still to come; `None` inside of a header.
    left: Option<u64>,
}

impl FrameGauge {
    /// Makes a gauge for frames with a payload of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit: limit as u64, header: [0; MAX_HEADER], header_len: 0, left: None }
    }

    /// Measures `bytes` from their beginning to the end of the current frame, or to their own end.
    /// Fails as soon as a header announces more than the limit.
    pub fn measure(&mut self, bytes: &[u8]) -> Result<Measured, FrameTooLarge> {
        let mut taken = 0;
        let left = loop {
            if let Some(left) = self.left {
                break left;
            }
            let Some(byte) = bytes.get(taken) else { return Ok(Measured { bytes: taken, ends_frame: false }) };
            taken += 1;
            self.left = self.take_header_byte(*byte)?;
        };
        let rest = bytes.len() - taken;
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(rest);
        let left = left - step as u64;
        let ends_frame = left == 0;
        self.left = (!ends_frame).then_some(left);
        Ok(Measured { bytes: taken + step, ends_frame })
    }

    /// Takes one byte of a header; returns the bytes that follow the header once it is complete.
    fn take_header_byte(&mut self, byte: u8) -> Result<Option<u64>, FrameTooLarge> {
        if let Some(slot) = self.header.get_mut(self.header_len) {
            *slot = byte;
        }
        self.header_len += 1;
        let [_, second, length @ ..] = self.header;
        let (header_len, payload) = match second & 0x7F {
            126 => (4, u64::from(u16::from_be_bytes([length[0], length[1]]))),
            127 => (MAX_HEADER, u64::from_be_bytes(length)),
            short => (2, u64::from(short)),
        };
        if self.header_len < header_len.max(2) {
            return Ok(None);
        }
        self.header_len = 0;
        if payload > self.limit {
            return Err(FrameTooLarge);
        }
        self.header = [0; MAX_HEADER];
        let mask = if second & 0x80 == 0 { 0 } else { MASK_BYTES };
        Ok(Some(payload + mask))
    }
}

/// The body of an upgraded request, passed on one frame at a time, so that its reader never gathers
/// more than one. When a frame announces too much, the body returns one error, then ends and reads
/// nothing more.
pub struct GaugedBody<S> {
    body: S,
    gauge: FrameGauge,
    waiting: Bytes,
    /// The last piece ended a frame: the reader must take that frame before it gets more.
    is_frame_out: bool,
    is_over: bool,
    is_too_large: Rc<Cell<bool>>,
}

impl<S> GaugedBody<S> {
    /// Wraps a body; sets `is_too_large` together with the error.
    #[must_use]
    pub fn new(body: S, limit: usize, is_too_large: Rc<Cell<bool>>) -> Self {
        Self { body, gauge: FrameGauge::new(limit), waiting: Bytes::new(), is_frame_out: false, is_over: false, is_too_large }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for GaugedBody<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Pending;
        }
        if std::mem::take(&mut this.is_frame_out) {
            // The reader gathers until it gets `Pending`, so the body wakes it at once: the reader
            // takes the frame, then asks again.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        while !this.waiting.has_remaining() {
            match Pin::new(&mut this.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => this.waiting = bytes,
                other => return other,
            }
        }
        match this.gauge.measure(&this.waiting) {
            Ok(Measured { bytes, ends_frame }) => {
                this.is_frame_out = ends_frame;
                Poll::Ready(Some(Ok(this.waiting.split_to(bytes.min(this.waiting.len())))))
            }
            Err(FrameTooLarge) => {
                this.is_over = true;
                this.waiting = Bytes::new();
                this.is_too_large.set(true);
                Poll::Ready(Some(Err(PayloadError::Overflow)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    const LONG: [u8; 10] = [0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1];

    #[test]
    fn frames_are_measured_however_the_bytes_are_cut() {
        let frame = [&[0x81, 0x80 | 126, 0, 130, 1, 2, 3, 4][..], &[0; 130]].concat();
        let bytes = [&frame[..], &[0x89, 0x80, 1, 2, 3, 4], &frame].concat();
        for cut in 1..bytes.len() {
            let mut gauge = FrameGauge::new(130);
            let mut ends = Vec::new();
            for (index, mut chunk) in bytes.chunks(cut).enumerate() {
                let mut at = index * cut;
                while !chunk.is_empty() {
                    let step = gauge.measure(chunk).unwrap();
                    at += step.bytes;
                    chunk = &chunk[step.bytes..];
                    ends.extend(step.ends_frame.then_some(at));
                }
            }
            assert_eq!(ends, [138, 144, 282], "cut by {cut}");
        }
    }

    #[test]
    fn a_header_is_enough_to_refuse_and_the_limit_itself_is_not_too_large() {
        assert_eq!(FrameGauge::new(65_536).measure(&LONG), Err(FrameTooLarge));
        assert!(FrameGauge::new(65_537).measure(&LONG).is_ok());
        assert_eq!(FrameGauge::new(65_536).measure(&[0x81, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0]), Err(FrameTooLarge));
    }

    #[tokio::test]
    async fn a_body_comes_frame_by_frame_and_stops_at_one_that_is_too_large() {
        let bytes = [&[0x89, 0x80, 1, 2, 3, 4], &[0x8A, 0x80, 1, 2, 3, 4][..], &LONG, &[0; 1000]].concat();
        let is_too_large = Rc::new(Cell::new(false));
        let source = stream::iter([Ok(Bytes::from(bytes)), Ok(Bytes::from_static(b"more"))]);
        let mut body = GaugedBody::new(source, 100, is_too_large.clone());
        for first in [0x89, 0x8A] {
            assert_eq!(body.next().await.unwrap().unwrap()[..2], [first, 0x80]);
            assert!(body.next().now_or_never().is_none(), "one frame at a time");
        }
        assert!(matches!(body.next().await, Some(Err(PayloadError::Overflow))) && is_too_large.get());
        assert!(body.next().now_or_never().is_none());
    }
}
