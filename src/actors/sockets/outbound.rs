//! Owns the frames that wait for one socket: a queue bounded in bytes, flushed with one vectored
//! write. Called by the shard, the session and the transport, on the socket's worker thread. Must
//! not wait.
//!
//! - While the queue is not empty, frames are only appended. So the order of `send` is the order on
//!   the wire.

use crate::wire::frame::{Frame, FrameContent};
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::VecDeque,
    io::{self, IoSlice},
    rc::Rc,
    time::Instant,
};

/// Most frames handed to the kernel in one write.
const FRAMES_PER_WRITE: usize = 64;

/// The socket under the queue. Two kinds exist: the raw upgraded stream and the WebSocket context
/// of actix-web-actors (`http/sockets`).
pub trait Transport {
    /// Takes as many bytes as it can now, without waiting. `WouldBlock`: none. A transport that
    /// cuts frames itself takes whole frames only.
    fn try_write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Asks to be told, by a call of [`Outbound::flush`], when it can take more.
    fn request_flush(&self);

    /// Ends the connection without waiting for the peer, even one that stopped reading.
    fn abort(&self);
}

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendRefused {
    /// More bytes would wait than allowed: the client is too slow.
    Overflow,
    /// The connection is closing or gone.
    Gone,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Frame>,
    /// Bytes of the first frame that are written already.
    head_written: usize,
    /// Bytes that wait, the written part of the first frame included.
    bytes: usize,
}

/// The sending half of one socket.
pub struct Outbound {
    transport: Rc<dyn Transport>,
    queue: RefCell<Queue>,
    limit_bytes: usize,
    is_closing: Cell<bool>,
    /// The close this server sent by itself; boxed, because most sockets have none.
    last_word: OnceCell<Box<Frame>>,
    heard_at: Cell<Instant>,
    was_pinged: Cell<bool>,
}

impl Outbound {
    /// Makes the sending half of a socket; at most `limit_bytes` may wait.
    #[must_use]
    pub fn new(transport: Rc<dyn Transport>, limit_bytes: usize) -> Self {
        Self {
            transport,
            queue: RefCell::default(),
            limit_bytes,
            is_closing: Cell::new(false),
            last_word: OnceCell::new(),
            heard_at: Cell::new(Instant::now()),
            was_pinged: Cell::new(false),
        }
    }

    /// Sends a frame: to the socket when no frame waits, else behind the waiting frames.
    pub fn send(&self, frame: &Frame) -> Result<(), SendRefused> {
        if self.is_closing.get() {
            return Err(SendRefused::Gone);
        }
        let mut queue = self.queue.borrow_mut();
        if !queue.frames.is_empty() {
            if queue.bytes + frame.encoded().len() > self.limit_bytes {
                return Err(SendRefused::Overflow);
            }
            queue.push(frame.clone());
            return Ok(());
        }
        match self.transport.try_write(&[IoSlice::new(frame.encoded())]) {
            Ok(written) if written == frame.encoded().len() => return Ok(()),
            Ok(written) => queue.head_written = written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.is_closing.set(true);
                self.transport.abort();
                return Err(SendRefused::Gone);
            }
        }
        queue.push(frame.clone());
        self.transport.request_flush();
        Ok(())
    }

    /// Writes the waiting frames as far as the socket takes them. Fails when the connection is
    /// gone.
    pub fn flush(&self) -> io::Result<()> {
        let mut queue = self.queue.borrow_mut();
        while !queue.frames.is_empty() {
            let written = {
                let mut slices = queue.frames.iter().take(FRAMES_PER_WRITE).map(|frame| IoSlice::new(frame.encoded())).collect::<Vec<_>>();
                if let Some(head) = slices.first_mut() {
                    head.advance(queue.head_written);
                }
                self.transport.try_write(&slices)
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => queue.take_written(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.transport.request_flush();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        if self.is_closing.get() || queue.frames.capacity() > FRAMES_PER_WRITE {
            queue.frames.shrink_to_fit();
        }
        Ok(())
    }

    /// Returns all waiting frames, for a transport that cuts frames itself.
    pub fn take_waiting(&self) -> Vec<Frame> {
        std::mem::take(&mut *self.queue.borrow_mut()).frames.into()
    }

    /// Returns waiting frames, whole ones from the first on, until they make `bytes`; for a
    /// transport that cuts frames itself and takes them piece by piece.
    pub fn take_up_to(&self, bytes: usize) -> Vec<Frame> {
        let mut queue = self.queue.borrow_mut();
        let (mut taken, mut taken_bytes) = (Vec::new(), 0);
        while taken_bytes < bytes {
            let Some(frame) = queue.frames.pop_front() else { break };
            taken_bytes += frame.encoded().len();
            taken.push(frame);
        }
        queue.bytes -= taken_bytes;
        if queue.frames.is_empty() {
            queue.frames.shrink_to_fit();
        }
        taken
    }

    /// Sends the last frames and takes no others. With `drop_waiting` it drops the waiting frames,
    /// except a frame of which a part is written.
    pub fn finish(&self, last: &[Frame], drop_waiting: bool) {
        if self.is_closing.replace(true) {
            return;
        }
        {
            let mut queue = self.queue.borrow_mut();
            if drop_waiting {
                queue.drop_unwritten();
            }
            last.iter().for_each(|frame| queue.push(frame.clone()));
        }
        if self.flush().is_err() {
            self.transport.abort();
        }
    }

    /// Finishes a socket that this server closes, as [`Self::finish`] does, and keeps the first
    /// `close` as the reason.
    pub fn finish_with(&self, before: Option<Frame>, close: Frame, drop_waiting: bool) {
        if self.is_closing.get() {
            return;
        }
        let _ = self.last_word.set(Box::new(close.clone()));
        let last: Vec<Frame> = before.into_iter().chain([close]).collect();
        self.finish(&last, drop_waiting);
    }

    /// Returns with which code and reason this server closed the socket; `None`: it did not.
    #[must_use]
    pub fn closed_with(&self) -> Option<(u16, String)> {
        match self.last_word.get()?.content() {
            FrameContent::Close(code, reason) => Some((code, reason)),
            _ => None,
        }
    }

    /// Ends the connection without waiting for the peer.
    pub fn abort(&self) {
        self.is_closing.set(true);
        self.transport.abort();
    }

    /// Says whether bytes wait.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.queue.borrow().frames.is_empty()
    }

    /// Says whether no more frames are taken.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// Records that the client sent something at `now`: any frame is a sign of life.
    pub fn record_heard(&self, now: Instant) {
        self.heard_at.set(now);
        self.was_pinged.set(false);
    }

    /// Records that the client was asked for a sign of life.
    pub fn record_ping(&self) {
        self.was_pinged.set(true);
    }

    /// Returns for how many whole seconds the client was silent at `now`, and whether it was pinged
    /// since.
    #[must_use]
    pub fn silence(&self, now: Instant) -> (u64, bool) {
        // Rounded: a tick may come some milliseconds early.
        let silent = (now.saturating_duration_since(self.heard_at.get()).as_millis() + 100) / 1000;
        (u64::try_from(silent).unwrap_or(u64::MAX), self.was_pinged.get())
    }
}

impl Queue {
    fn push(&mut self, frame: Frame) {
        self.bytes += frame.encoded().len();
        self.frames.push_back(frame);
    }

    fn take_written(&mut self, written: usize) {
        self.head_written += written;
        while let Some(length) = self.frames.front().map(|frame| frame.encoded().len()) {
            if self.head_written < length {
                break;
            }
            self.head_written -= length;
            self.bytes -= length;
            self.frames.pop_front();
        }
    }

    fn drop_unwritten(&mut self) {
        self.frames.truncate(usize::from(self.head_written > 0));
        self.bytes = self.frames.iter().map(|frame| frame.encoded().len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that takes `room` bytes and remembers them.
    #[derive(Default)]
    struct Pipe {
        room: Cell<usize>,
        written: RefCell<Vec<u8>>,
        aborted: Cell<bool>,
    }

    impl Transport for Pipe {
        fn try_write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
            let bytes: Vec<u8> = frames.iter().flat_map(|slice| slice.iter().copied()).take(self.room.get()).collect();
            if bytes.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.room.set(self.room.get() - bytes.len());
            self.written.borrow_mut().extend_from_slice(&bytes);
            Ok(bytes.len())
        }
        fn request_flush(&self) {}
        fn abort(&self) {
            self.aborted.set(true);
        }
    }

    fn pipe(room: usize, limit: usize) -> (Rc<Pipe>, Outbound) {
        let pipe = Rc::new(Pipe::default());
        pipe.room.set(room);
        (pipe.clone(), Outbound::new(pipe, limit))
    }

    fn bytes_of(frames: &[&Frame]) -> Vec<u8> {
        frames.iter().flat_map(|frame| frame.encoded().iter().copied()).collect()
    }

    #[test]
    fn frames_leave_in_order_however_small_the_writes_are() {
        let (pipe, outbound) = pipe(3, 10_000);
        let frames: Vec<Frame> = (0..100).map(|n| Frame::text(&format!("frame {n}"))).collect();
        frames.iter().for_each(|frame| outbound.send(frame).unwrap());
        for room in (1..40).cycle() {
            pipe.room.set(room);
            outbound.flush().unwrap();
            if !outbound.has_waiting() {
                break;
            }
        }
        assert_eq!(*pipe.written.borrow(), bytes_of(&frames.iter().collect::<Vec<_>>()));
    }

    #[test]
    fn frames_are_handed_over_in_pieces() {
        let (_, outbound) = pipe(0, 100);
        let frame = Frame::text("12345678");
        (0..9).for_each(|_| assert_eq!(outbound.send(&frame), Ok(())));
        assert_eq!(outbound.take_up_to(11).len(), 2);
        assert_eq!(outbound.send(&frame), Ok(()), "room again");
        assert_eq!(outbound.take_up_to(1000).len(), 8);
        assert_eq!(outbound.take_up_to(1000).len(), 0);
    }

    #[test]
    fn a_full_queue_refuses_and_the_close_still_leaves_after_the_half_written_frame() {
        let (pipe, outbound) = pipe(4, 64);
        let first = Frame::text("first");
        outbound.send(&first).unwrap();
        let second = Frame::text(&"x".repeat(40));
        assert_eq!(outbound.send(&second), Ok(()));
        assert_eq!(outbound.send(&second), Err(SendRefused::Overflow));
        let close = Frame::close(4100, "slow");
        outbound.finish(std::slice::from_ref(&close), true);
        assert_eq!(outbound.send(&first), Err(SendRefused::Gone));
        pipe.room.set(1000);
        outbound.flush().unwrap();
        assert_eq!(*pipe.written.borrow(), bytes_of(&[&first, &close]));
        assert!(!pipe.aborted.get());
    }

    #[test]
    fn without_dropping_everything_that_waits_leaves_before_the_close() {
        let (pipe, outbound) = pipe(0, 64);
        let (first, close) = (Frame::text("first"), Frame::close(4200, "bye"));
        outbound.send(&first).unwrap();
        outbound.finish(std::slice::from_ref(&close), false);
        pipe.room.set(1000);
        outbound.flush().unwrap();
        assert_eq!(*pipe.written.borrow(), bytes_of(&[&first, &close]));
    }

    #[test]
    fn why_this_server_closed_a_socket_is_kept() {
        let (_, outbound) = pipe(1000, 64);
        assert_eq!(outbound.closed_with(), None);
        outbound.finish_with(None, Frame::close(4100, "slow"), true);
        outbound.finish_with(None, Frame::close(4200, "bye"), false);
        assert_eq!(outbound.closed_with(), Some((4100, "slow".to_owned())));
        let (_, other) = pipe(1000, 64);
        other.finish(&[Frame::close(1000, "")], false);
        assert_eq!(other.closed_with(), None, "the client closed it, this was the answer");
    }
}
