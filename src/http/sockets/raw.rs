//! Owns the default transport: the TCP stream itself, after the upgrade. Called by `app/serve.rs`.
//! Must not read on while the session handles a message.
//!
//! - One task per socket reads; the shard's loop writes directly.
//! - The HTTP dispatcher and its buffers are gone by then, so the server sees a client that stops
//!   reading and can cut it.

use super::{
    handshake::{Admission, Gate},
    inbound::{FrameReader, Inbound, Violation},
    paced_stream::PacedStream,
    refusal::{handshake_error, refusal},
};
use crate::{
    actors::sockets::{
        local_shard::LocalShard,
        outbound::{Outbound, Transport},
        session::{BinaryReceived, ConnectionLost, Session, TextReceived},
    },
    http::error::ApiError,
    wire::frame::Frame,
};
use actix::Addr;
use actix_codec::Framed;
use actix_http::{Request, h1, ws};
use socket2::SockRef;
use std::{
    cell::RefCell,
    io::{self, IoSlice, Write as _},
    net::Shutdown,
    rc::Rc,
};
use tokio::{io::Interest, net::TcpStream, sync::Notify};

/// Bytes read at once; one buffer per worker thread serves all its sockets.
const READ_BUFFER: usize = 64 * 1024;

/// After a close because of a violation, up to this many bytes are read and dropped before the
/// connection ends.
const MAX_LEFTOVER_BYTES: usize = 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER]);
}

struct RawSocket {
    stream: TcpStream,
    /// Wakes the socket's task because frames wait to be written.
    wake: Notify,
}

impl Transport for RawSocket {
    fn try_write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        match frames {
            [single] => self.stream.try_write(single),
            several => self.stream.try_write_vectored(several),
        }
    }

    fn request_flush(&self) {
        self.wake.notify_one();
    }

    fn abort(&self) {
        // Fails only when the connection is gone already.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
    }
}

/// Takes over an upgraded request: does the handshake, starts the session, and spawns a task that
/// lives as long as the socket.
pub async fn serve(
    request: Request,
    framed: Framed<PacedStream, h1::Codec>,
    gate: Gate,
    shard: LocalShard,
) -> Result<(), actix_web::Error> {
    let admission = gate.admit(request.head(), request.peer_addr()).await;
    let parts = framed.into_parts();
    let stream = parts.io.into_inner();
    let refuse = |error| refusal(&request.head().method, error, gate.policy());
    if let Admission::NotASocket = admission {
        return answer_plainly(&stream, &refuse(ApiError::not_found())).await;
    }
    let accepted = match ws::handshake(request.head()) {
        Ok(mut response) => response_head(&response.finish()),
        Err(error) => return answer_plainly(&stream, &refuse(handshake_error(&error))).await,
    };
    drop(request);
    // A small frame must not wait until the client acknowledges the one before.
    let _ = stream.set_nodelay(true);
    stream.writable().await?;
    if stream.try_write(&accepted).ok() != Some(accepted.len()) {
        return Ok(());
    }
    let limit = shard.settings().max_frame_bytes;
    let socket = Rc::new(RawSocket { stream, wake: Notify::new() });
    let outbound = Rc::new(Outbound::new(socket.clone(), shard.settings().outbound_limit_bytes));
    let session = match admission {
        Admission::Accept { app, principal } => Some(Session::open(app, principal, shard.clone(), outbound.clone())),
        Admission::Refuse(code) => {
            shard.refuse(&outbound, code);
            None
        }
        Admission::NotASocket => None,
    };
    let mut reader = FrameReader::new(limit);
    reader.feed(&parts.read_buf);
    // The connection gets its own task, because the dispatcher's task and its buffers end with this
    // function.
    actix_web::rt::spawn(Connection { socket, outbound, shard, reader, session }.live());
    Ok(())
}

/// Writes the head of the handshake's answer.
fn response_head<B>(response: &actix_http::Response<B>) -> Vec<u8> {
    let mut head = Vec::with_capacity(160);
    let _ = write!(head, "HTTP/1.1 101 Switching Protocols\r\n");
    for (name, value) in response.headers() {
        let _ = write!(head, "{name}: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if !response.headers().contains_key("connection") {
        head.extend_from_slice(b"connection: upgrade\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Answers an upgrade that opens no socket, then closes.
async fn answer_plainly(stream: &TcpStream, answer: &[u8]) -> Result<(), actix_web::Error> {
    stream.writable().await?;
    // The client may be gone; then no answer is needed.
    let _ = stream.try_write(answer);
    Ok(())
}

/// The reading half of one socket.
struct Connection {
    socket: Rc<RawSocket>,
    outbound: Rc<Outbound>,
    shard: LocalShard,
    reader: FrameReader,
    session: Option<Addr<Session>>,
}

impl Connection {
    /// Runs as long as the socket lives, then ends its session.
    #[expect(clippy::manual_async_fn, reason = "the future of an async fn keeps `self` twice: 216 bytes more per socket")]
    fn live(mut self) -> impl Future<Output = ()> {
        async move {
            self.run().await;
            if let Some(session) = &self.session {
                // The session takes no other message after this one, so its mailbox cannot be full.
                session.do_send(ConnectionLost);
            }
        }
    }

    /// Reads until the connection ends, and writes waiting frames whenever the socket takes more.
    async fn run(&mut self) {
        // Messages that came with the handshake are passed on before the first wait.
        while self.pass_on_messages().await {
            let interest = if self.outbound.has_waiting() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let ready = tokio::select! {
                ready = self.socket.stream.ready(interest) => ready,
                () = self.socket.wake.notified() => continue,
            };
            let Ok(ready) = ready else { return };
            if ready.is_writable() && self.outbound.flush().is_err() {
                return;
            }
            if (ready.is_readable() || ready.is_read_closed()) && !self.read_once() {
                return;
            }
        }
    }

    /// Reads the bytes that have arrived. `false` means that the connection is over.
    fn read_once(&mut self) -> bool {
        let (stream, reader) = (&self.socket.stream, &mut self.reader);
        let read = SCRATCH.with_borrow_mut(|scratch| {
            let read = stream.try_read(scratch)?;
            reader.feed(scratch.get(..read).unwrap_or_default());
            Ok::<_, io::Error>(read)
        });
        match read {
            Ok(0) => false,
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// Passes complete messages to the session, one after the other. `false` means that the
    /// connection is over.
    async fn pass_on_messages(&mut self) -> bool {
        loop {
            match self.reader.next_message() {
                Ok(Some(message)) => {
                    if !self.pass_on(message).await {
                        return false;
                    }
                }
                Ok(None) => return true,
                Err(Violation { status, reason }) => {
                    self.shard.close(&self.outbound, status, reason);
                    // Boxed: few sockets end this way, and otherwise every socket would carry the
                    // space for it.
                    Box::pin(self.let_close_arrive()).await;
                    return false;
                }
            }
        }
    }

    /// Writes the waiting frames, ends our half, and reads and drops what still arrives: dropping a
    /// socket with unread bytes sends a reset, which overtakes the close. Ends after
    /// [`MAX_LEFTOVER_BYTES`]; the shard cuts a slow client that takes too long.
    async fn let_close_arrive(&self) {
        let stream = &self.socket.stream;
        while self.outbound.has_waiting() {
            if stream.writable().await.is_err() || self.outbound.flush().is_err() {
                return;
            }
        }
        // Fails only when the connection is gone already; then the next read fails too.
        let _ = SockRef::from(stream).shutdown(Shutdown::Write);
        let mut read = 0;
        while read < MAX_LEFTOVER_BYTES {
            if stream.readable().await.is_err() {
                return;
            }
            match SCRATCH.with_borrow_mut(|scratch| stream.try_read(scratch)) {
                Ok(0) => return,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Passes a message to the session and waits until the session has handled it. `false` means
    /// that the connection is over.
    async fn pass_on(&self, message: Inbound) -> bool {
        self.outbound.record_heard(self.shard.now());
        let Some(session) = &self.session else {
            // The session refused the message: from now on only the close is read.
            return message != Inbound::Close;
        };
        match message {
            Inbound::Text(text) => session.send(TextReceived(text)).await.is_ok(),
            Inbound::Binary(bytes) => session.send(BinaryReceived(bytes)).await.is_ok(),
            Inbound::Ping(payload) => {
                self.shard.send(&self.outbound, &Frame::pong(&payload));
                true
            }
            Inbound::Pong => true,
            Inbound::Close => {
                // Answers the client's close; after a close of ours this changes nothing.
                self.outbound.finish(&[Frame::close(1000, "")], false);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<F>(_: fn(Connection) -> F) -> usize {
        size_of::<F>()
    }

    /// There is one of these per socket, so rarely used parts are boxed.
    #[test]
    fn an_idle_socket_is_small() {
        let (task, raw) = (size_of_future(Connection::live), size_of::<RawSocket>());
        assert!(task <= 592, "{task} bytes");
        assert!(raw <= 72, "{raw} bytes");
    }
}
