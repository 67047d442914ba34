//! Owns the two kinds of listeners: plain TCP, with the upgrade service for sockets, and TLS that
//! ends in this process. Called by [`super::start`].

use super::{BACKLOG, REQUEST_GRACE_S, StartError};
use crate::{
    actors::{
        companion::desk::DeskHandle,
        hub::Hub,
        sockets::{polling_session::PollingSessions, shard::HubShard},
    },
    config::Config,
    http::{
        self,
        sockets::{
            self,
            paced_stream::{PacedStream, pace_body},
            polling::{self, Fallback},
        },
    },
    services::Context,
};
use actix_http::{HttpService, Protocol, Request, h1};
use actix_server::Server;
use actix_service::{Service as _, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config};
use actix_web::{HttpServer, dev::AppConfig, guard, web};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;

pub(super) fn listen(config: &Config) -> Result<TcpListener, StartError> {
    let io_error = |source| StartError::Io { what: format!("http.bind {}", config.http.bind), source };
    let address: SocketAddr = config.http.bind.parse().map_err(|_| io_error(io::ErrorKind::InvalidInput.into()))?;
    let open = || {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from(socket))
    };
    open().map_err(io_error)
}

/// The parts that every worker gets a copy of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) context: Context,
    pub(super) hub: Hub,
    pub(super) desk: DeskHandle,
    pub(super) gate: sockets::handshake::Gate,
    pub(super) polling_sessions: PollingSessions,
}

impl Parts {
    fn workers(&self) -> usize {
        match self.context.config.http.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            set => set,
        }
    }

    fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.context.config.http.request_timeout_s)
    }

    fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.context.config.http.keep_alive_s)
    }
}

/// Serves plain TCP: the HTTP application, and beside it the upgrade service, which takes over the
/// TCP stream of a socket.
pub(super) fn serve_plain(listener: TcpListener, parts: Parts) -> Result<Server, StartError> {
    let shared = http::Shared::new(parts.context.clone(), parts.desk.clone());
    let workers = parts.workers();
    let factory = move || {
        let shard = HubShard::start_local(&parts.hub, &parts.context);
        let gate = parts.gate.clone();
        let fallback = Fallback::new(gate.clone(), shard.clone(), parts.polling_sessions.clone());
        let no_upgrade = web::resource("/app/{key}").route(web::get().to(http::resources::live::channel_access::upgrade_required));
        let upgrade = fn_service(move |(request, framed): (Request, actix_codec::Framed<PacedStream, h1::Codec>)| {
            sockets::raw::serve(request, framed, gate.clone(), shard.clone())
        });
        let app = map_config(http::app(shared.clone()).service(no_upgrade).configure(|cfg| polling::configure(cfg, fallback)), |_| {
            AppConfig::default()
        });
        let service = HttpService::build()
            .client_request_timeout(parts.request_timeout())
            .keep_alive(parts.keep_alive())
            .on_connect_ext(PacedStream::introduce)
            .upgrade(upgrade)
            .finish(apply_fn_factory(app, |mut request: Request, app| {
                pace_body(&mut request);
                app.call(request)
            }));
        let paced = fn_service(async |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            Ok((PacedStream::new(stream), Protocol::Http1, peer))
        });
        paced.and_then(service)
    };
    let server = Server::build().workers(workers).backlog(BACKLOG.unsigned_abs()).shutdown_timeout(REQUEST_GRACE_S).disable_signals();
    let server = server.listen("http", listener, factory).map_err(|source| StartError::Io { what: "server".to_owned(), source })?;
    Ok(server.run())
}

/// Serves TLS: sockets go through actix-web-actors, which works over any stream.
pub(super) fn serve_tls(listener: TcpListener, parts: Parts, tls: rustls::ServerConfig) -> Result<Server, StartError> {
    let shared = http::Shared::new(parts.context.clone(), parts.desk.clone());
    let workers = parts.workers();
    let (timeout, keep_alive) = (parts.request_timeout(), parts.keep_alive());
    let gate = web::Data::new(parts.gate.clone());
    let server = HttpServer::new(move || {
        let shard = HubShard::start_local(&parts.hub, &parts.context);
        let sockets = web::resource("/app/{key}").route(web::get().to(sockets::context::serve));
        let is_upgrade = guard::fn_guard(|ctx| ctx.head().upgrade());
        let near_misses = web::resource(["/app", "/app/{tail:.*}"]).guard(is_upgrade).route(web::get().to(sockets::context::serve));
        let fallback = Fallback::new(parts.gate.clone(), shard.clone(), parts.polling_sessions.clone());
        let app = http::app(shared.clone()).service(sockets).service(near_misses).configure(|cfg| polling::configure(cfg, fallback));
        app.app_data(gate.clone()).app_data(web::Data::new(shard))
    });
    let server = server.on_connect(sockets::context::keep_socket).workers(workers).client_request_timeout(timeout).keep_alive(keep_alive);
    let server = server.backlog(BACKLOG.unsigned_abs()).shutdown_timeout(REQUEST_GRACE_S).disable_signals();
    let server = server.listen_rustls_0_23(listener, tls).map_err(|source| StartError::Io { what: "server".to_owned(), source })?;
    Ok(server.run())
}

pub(super) fn tls_config(config: &Config) -> Result<rustls::ServerConfig, StartError> {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let refuse = |error: &dyn std::fmt::Display| StartError::Tls(error.to_string());
    let chain = CertificateDer::pem_file_iter(&config.http.tls_certificate).map_err(|error| refuse(&error))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| refuse(&error))?;
    let key = PrivateKeyDer::from_pem_file(&config.http.tls_key).map_err(|error| refuse(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| refuse(&error))?.with_no_client_auth();
    builder.with_single_cert(chain, key).map_err(|error| refuse(&error))
}
