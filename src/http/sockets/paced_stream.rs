//! Owns the TCP stream under HTTP/1 and limits how far it reads ahead. Called by `app/serve.rs`,
//! which wraps each connection, and by [`super::polling`], which waits for its end. Must not read
//! more than its allowance.
//!
//! - Without this, actix-http reads everything that the client sends while the handler of the body
//!   waits for the database or the disk: up to 256 KiB in its buffer and as much in the body's
//!   queue, per connection.
//! - A connection reads a little per turn. A paced body ([`pace_body`]) reads the next piece when
//!   its handler has used up the last one.
//! - Meanwhile TCP makes the client wait.

use actix_http::{Extensions, Payload, Request, error::PayloadError};
use actix_web::web::Bytes;
use futures_util::Stream;
use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take},
    net::TcpStream,
    sync::Notify,
};

/// Most bytes read in one turn of a connection without a paced body: a request head and a small
/// body fit.
const TURN_BYTES: usize = 16 * 1024;
/// Most bytes of a paced body that are read ahead of its handler.
const PIECE_BYTES: usize = 16 * 1024;

/// How much the connection may read now. The connection and the body of its request share it on one
/// thread.
#[derive(Debug, Default)]
struct ReadAllowance {
    /// Whether a body sets the pace; otherwise every turn renews `left`.
    is_paced: Cell<bool>,
    left: Cell<usize>,
    /// Wakes the connection's task when the body asks for a piece.
    waiting: RefCell<Option<Waker>>,
}

impl ReadAllowance {
    fn allow(&self, bytes: usize) {
        self.left.set(bytes);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Returns how many bytes the connection may read. `None` means none now; the connection's task
    /// is woken when that changes.
    fn bytes_now(&self, context: &Context<'_>) -> Option<usize> {
        if self.left.get() > 0 {
            return Some(self.left.get());
        }
        if self.is_paced.get() {
            self.waiting.replace(Some(context.waker().clone()));
        } else {
            self.left.set(TURN_BYTES);
            context.waker().wake_by_ref();
        }
        None
    }
}

/// Knows when the client will send nothing more, because it is gone or has ended its half. For
/// answers that last until then.
#[derive(Debug, Default)]
pub struct ConnectionEnd {
    is_reached: Cell<bool>,
    waiting: Notify,
}

impl ConnectionEnd {
    /// Waits until the client's end of the connection was seen.
    pub async fn reached(&self) {
        while !self.is_reached.get() {
            self.waiting.notified().await;
        }
    }

    fn reach(&self) {
        self.is_reached.set(true);
        self.waiting.notify_one();
    }
}

/// A TCP stream that limits how much it reads.
#[derive(Debug)]
pub struct PacedStream {
    /// Hands out no more than allowed, into memory that needs no clearing first.
    io: Take<TcpStream>,
    allowance: Rc<ReadAllowance>,
    end: Rc<ConnectionEnd>,
}

impl PacedStream {
    /// Wraps an accepted connection.
    #[must_use]
    pub fn new(io: TcpStream) -> Self {
        let allowance = ReadAllowance::default();
        allowance.left.set(TURN_BYTES);
        Self { io: io.take(0), allowance: Rc::new(allowance), end: Rc::default() }
    }

    /// Returns the connection itself.
    #[must_use]
    pub fn into_inner(self) -> TcpStream {
        self.io.into_inner()
    }

    /// Stores allowance and end of this connection where its requests find them. For
    /// `HttpServiceBuilder::on_connect_ext`.
    pub fn introduce(&self, connection: &mut Extensions) {
        connection.insert(self.allowance.clone());
        connection.insert(self.end.clone());
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(allowed) = this.allowance.bytes_now(context) else { return Poll::Pending };
        let (filled, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        this.io.set_limit(allowed as u64);
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        let read_bytes = buffer.filled().len() - filled;
        if read.is_pending() && !this.allowance.is_paced.get() {
            // The connection sleeps until bytes arrive: the turn ends here.
            this.allowance.left.set(TURN_BYTES);
        }
        let has_ended = match &read {
            Poll::Ready(Ok(())) => read_bytes == 0 && has_room,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if has_ended {
            this.end.reach();
        }
        ready!(read)?;
        this.allowance.left.set(allowed - read_bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.io.get_mut()).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(self.io.get_mut()).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.get_mut()).poll_shutdown(context)
    }
}

/// Lets the body of a request set the pace of its connection until the body is dropped. Must be
/// called before the first await, so that no more than one turn is read ahead.
pub fn pace_body(request: &mut Request) {
    let Some(allowance) = request.conn_data::<Rc<ReadAllowance>>().cloned() else { return };
    let body = request.take_payload();
    if matches!(body, Payload::None) {
        return;
    }
    allowance.is_paced.set(true);
    allowance.left.set(0);
    *request.payload() = Payload::Stream { payload: Box::pin(PacedBody { body, allowance }) };
}

/// A body that allows the connection the next piece when the last one is used up.
struct PacedBody {
    body: Payload,
    allowance: Rc<ReadAllowance>,
}

impl Stream for PacedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if next.is_pending() && self.allowance.left.get() == 0 {
            self.allowance.allow(PIECE_BYTES);
        }
        next
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        self.allowance.is_paced.set(false);
        self.allowance.allow(TURN_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener, time::timeout};

    async fn connected() -> (PacedStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (PacedStream::new(listener.accept().await.unwrap().0), client)
    }

    #[tokio::test]
    async fn an_unpaced_stream_brings_everything_turn_by_turn() {
        let (mut stream, mut client) = connected().await;
        let sent: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let copy = sent.clone();
        let sending = tokio::spawn(async move {
            client.write_all(&copy).await.unwrap();
        });
        let mut received = Vec::new();
        timeout(Duration::from_secs(10), stream.read_to_end(&mut received)).await.unwrap().unwrap();
        assert!(received == sent);
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn a_paced_stream_reads_a_piece_when_it_is_asked_for() {
        let (mut stream, mut client) = connected().await;
        let sending = tokio::spawn(async move {
            client.write_all(&[1; 100_000]).await.unwrap();
            client
        });
        let allowance = stream.allowance.clone();
        allowance.is_paced.set(true);
        allowance.left.set(0);
        let mut buffer = vec![0; 100_000];
        let mut in_all = 0;
        while in_all < 100_000 {
            let asked = in_all;
            assert!(timeout(Duration::from_millis(20), stream.read(&mut buffer)).await.is_err(), "nothing unasked");
            allowance.allow(PIECE_BYTES);
            while in_all < (asked + PIECE_BYTES).min(100_000) {
                in_all += timeout(Duration::from_secs(10), stream.read(&mut buffer)).await.unwrap().unwrap();
                assert!(in_all <= asked + PIECE_BYTES);
            }
        }
        drop(sending.await.unwrap());
    }

    #[tokio::test]
    async fn the_end_of_the_client_is_told_to_who_waits_for_it() {
        let (mut stream, client) = connected().await;
        let end = stream.end.clone();
        assert!(timeout(Duration::from_millis(20), end.reached()).await.is_err(), "not yet");
        drop(client);
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        timeout(Duration::from_secs(10), end.reached()).await.unwrap();
        timeout(Duration::from_secs(10), end.reached()).await.unwrap();
    }
}
