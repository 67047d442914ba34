//! Owns the transport for TLS that this server ends itself, on actix-web-actors'
//! `WebsocketContext`. Called by `app/serve.rs`. Must not keep the outbound queue inside of the
//! actor.
//!
//! - The actor is polled as the body of the HTTP response, and only while less than 32 KiB wait to
//!   be written: a client that stops reading freezes the actor.
//! - So the queue and its limits are in [`Outbound`], outside of the actor, and cutting a client
//!   works on the TCP socket itself.

use super::{
    frame_gauge::GaugedBody,
    handshake::{Admission, Gate},
    inbound::{Inbound, MessageAssembler, NOT_UTF8, TOO_LARGE, Violation},
    refusal::{handshake_error, upgrade_required},
};
use crate::{
    actors::sockets::{
        local_shard::LocalShard,
        outbound::{Outbound, Transport},
        session::{BinaryReceived, ConnectionLost, Session, TextReceived},
    },
    http::error::{ApiError, ApiResult},
    wire::{
        codes::PusherCode,
        frame::{Frame, FrameContent},
    },
};
use actix::prelude::*;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{HttpRequest, dev::Extensions, web};
use actix_web_actors::ws::{self, CloseCode, CloseReason, ProtocolError, WebsocketContext, WsResponseBuilder};
use std::{
    any::Any,
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    net::Shutdown,
    rc::Rc,
    sync::Arc,
};
use tokio::net::TcpStream;

/// The TCP socket under a TLS connection, kept so that the server can cut a client that stopped
/// reading. `HttpServer::on_connect` stores it.
#[derive(Clone)]
pub struct ConnectionSocket(Arc<socket2::Socket>);

impl ConnectionSocket {
    /// Keeps a second descriptor of the connection's socket. Fails when the process has none left.
    pub fn of(stream: &TcpStream) -> io::Result<Self> {
        Ok(Self(Arc::new(socket2::SockRef::from(stream).try_clone()?)))
    }

    fn cut(&self) {
        // Fails only when the connection is gone already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// For `HttpServer::on_connect`: stores the TCP socket of every TLS connection.
pub fn keep_socket(stream: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = stream.downcast_ref::<TlsStream<TcpStream>>() else { return };
    match ConnectionSocket::of(stream.get_ref().0) {
        Ok(socket) => {
            extensions.insert(socket);
        }
        Err(error) => tracing::warn!(%error, "socket of a connection not kept: it cannot be cut"),
    }
}

/// Outbound -> ContextSocket: write the waiting frames. At most one is in the mailbox.
#[derive(Message)]
#[rtype(result = "()")]
struct Flush;

struct ContextTransport {
    actor: RefCell<Option<Addr<ContextSocket>>>,
    flush_is_asked: Cell<bool>,
    connection: Option<ConnectionSocket>,
}

impl Transport for ContextTransport {
    fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        // Only the actor can write; it empties the queue when it is polled.
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn request_flush(&self) {
        if let Some(actor) = self.actor.borrow().as_ref()
            && !self.flush_is_asked.replace(true)
        {
            // The flag above allows one at a time, so the mailbox cannot grow.
            actor.do_send(Flush);
        }
    }

    fn abort(&self) {
        if let Some(connection) = &self.connection {
            connection.cut();
        }
    }
}

/// The actor that is the body of the upgrade's response.
struct ContextSocket {
    transport: Rc<ContextTransport>,
    outbound: Rc<Outbound>,
    shard: LocalShard,
    assembler: MessageAssembler,
    /// The body sets this when a frame announces too much: its error can carry nothing but a text.
    is_too_large: Rc<Cell<bool>>,
    admission: Option<Result<Accepted, PusherCode>>,
    session: Option<Addr<Session>>,
}

type Accepted = (Arc<crate::services::apps::table::App>, Option<crate::domain::principal::Principal>);

/// `GET /app/{key}` when this server ends TLS itself.
pub async fn serve(request: HttpRequest, body: web::Payload, gate: web::Data<Gate>, shard: web::Data<LocalShard>) -> ApiResult {
    let admission = match gate.admit(request.head(), request.peer_addr()).await {
        Admission::NotASocket => return Err(ApiError::not_found()),
        Admission::Accept { app, principal } => Ok((app, principal)),
        Admission::Refuse(code) => Err(code),
    };
    let shard = LocalShard::clone(&shard);
    let transport = Rc::new(ContextTransport {
        actor: RefCell::default(),
        flush_is_asked: Cell::new(false),
        connection: request.conn_data::<ConnectionSocket>().cloned(),
    });
    let limit = shard.settings().max_frame_bytes;
    let outbound = Rc::new(Outbound::new(transport.clone(), shard.settings().outbound_limit_bytes));
    let is_too_large = Rc::new(Cell::new(false));
    let body = GaugedBody::new(body, limit, is_too_large.clone());
    let assembler = MessageAssembler::new(limit);
    let actor = ContextSocket { transport, outbound, shard, assembler, is_too_large, admission: Some(admission), session: None };
    WsResponseBuilder::new(actor, &request, body)
        .frame_size(limit)
        .start()
        .map_err(|error| error.as_error().map_or_else(upgrade_required, handshake_error))
}

impl ContextSocket {
    fn write_waiting(&self, ctx: &mut WebsocketContext<Self>) {
        for frame in self.outbound.take_waiting() {
            match frame.content() {
                FrameContent::Text(text) => ctx.text(text),
                FrameContent::Binary(bytes) => ctx.binary(bytes),
                FrameContent::Ping(payload) => ctx.ping(&payload),
                FrameContent::Pong(payload) => ctx.pong(&payload),
                FrameContent::Close(code, reason) => {
                    ctx.close(Some(CloseReason { code: CloseCode::from(code), description: Some(reason).filter(|text| !text.is_empty()) }));
                    ctx.stop();
                }
            }
        }
    }

    /// Translates a failed read into a violation. The context reports two of them as bare text: the
    /// error of our own body, and a text message that is not UTF-8.
    fn violation(&self, error: &ProtocolError) -> Violation {
        match error {
            _ if self.is_too_large.get() => TOO_LARGE,
            ProtocolError::Io(error) if error.kind() == io::ErrorKind::Other => NOT_UTF8,
            error => Violation::from(error),
        }
    }

    fn pass_on(&self, message: Inbound, ctx: &mut WebsocketContext<Self>) {
        self.outbound.record_heard(self.shard.now());
        match (message, &self.session) {
            (Inbound::Text(text), Some(session)) => self.hand_to_session(session.send(TextReceived(text)), ctx),
            (Inbound::Binary(bytes), Some(session)) => self.hand_to_session(session.send(BinaryReceived(bytes)), ctx),
            (Inbound::Ping(payload), _) => self.shard.send(&self.outbound, &Frame::pong(&payload)),
            (Inbound::Close, _) => self.outbound.finish(&[Frame::close(1000, "")], false),
            _ => {}
        }
    }

    /// Waits for the session before the next frame is read, so that a client cannot fill its
    /// mailbox.
    fn hand_to_session<M>(&self, request: Request<Session, M>, ctx: &mut WebsocketContext<Self>)
    where
        M: Message<Result = ()> + Send + 'static,
        Session: Handler<M>,
    {
        // An error means that the session has stopped; then this socket stops too.
        ctx.wait(request.into_actor(self).map(|answer, _, ctx| {
            if answer.is_err() {
                ctx.stop();
            }
        }));
    }
}

impl Actor for ContextSocket {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.transport.actor.replace(Some(ctx.address()));
        match self.admission.take() {
            Some(Ok((app, principal))) => {
                self.session = Some(Session::open(app, principal, self.shard.clone(), self.outbound.clone()));
            }
            Some(Err(code)) => self.shard.refuse(&self.outbound, code),
            None => {}
        }
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.transport.actor.replace(None);
        if let Some(session) = self.session.take() {
            // The session takes no other message after this one, so its mailbox cannot be full.
            session.do_send(ConnectionLost);
        }
    }
}

impl Handler<Flush> for ContextSocket {
    type Result = ();

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) {
        self.transport.flush_is_asked.set(false);
        self.write_waiting(ctx);
    }
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for ContextSocket {
    fn handle(&mut self, item: Result<ws::Message, ProtocolError>, ctx: &mut Self::Context) {
        let taken = item.map_err(|error| self.violation(&error)).and_then(|message| self.assembler.take_message(message));
        match taken {
            Ok(Some(message)) => self.pass_on(message, ctx),
            Ok(None) => {}
            Err(Violation { status, reason }) => self.shard.close(&self.outbound, status, reason),
        }
    }
}
