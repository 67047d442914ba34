//! Owns sockets over plain HTTP, for networks that block WebSockets:
//! `/pusher/app/{key}/{server}/{session}/xhr_streaming`, `…/xhr` and `…/xhr_send`, as unmodified
//! pusher-js requests them (docs/pusher-protocol.md, section 2.11). Called by `app/serve.rs`, which
//! adds the routes. Must not allow credentials to pages of other origins.
//!
//! - Any page may use these routes without credentials.
//! - The login cookie counts for this server's own pages only.

use super::{
    handshake::{Admission, Gate},
    paced_stream::ConnectionEnd,
};
use crate::{
    actors::sockets::{
        local_shard::LocalShard,
        polling_piece::PollingPiece,
        polling_session::{Admitted, BeginPollingAnswer, MessagesReceived, MessagesRefused, PollingKind, PollingSessions},
    },
    http::{
        error::{ApiError, ApiResult},
        input::{
            credentials::token_of,
            json_body::{declared_length, read_body},
        },
    },
    services::ServiceError,
    wire::{
        codes::PusherCode,
        frame::Frame,
        http_stream::{chunks, open, parse_messages},
        pusher,
    },
};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header,
    web::{self, Bytes, Data, Path, Payload},
};
use futures_util::{Stream, StreamExt as _, stream};
use std::rc::Rc;
use tokio::sync::mpsc;

/// Longest session name that a client may choose.
const LONGEST_SESSION: usize = 64;
/// How long a browser may remember the answer to its preflight request.
const PREFLIGHT_S: &str = "86400";
/// How often a request is retried when its session ends between look-up and delivery.
const TRIES: usize = 3;

/// The state that the routes share on a worker thread.
pub struct Fallback {
    gate: Gate,
    shard: LocalShard,
    sessions: PollingSessions,
}

impl Fallback {
    /// Makes the shared state of one worker; `sessions` belongs to the whole node.
    #[must_use]
    pub const fn new(gate: Gate, shard: LocalShard, sessions: PollingSessions) -> Self {
        Self { gate, shard, sessions }
    }
}

/// Adds the routes to the application of one worker. They are not in the route table because they
/// belong to the transports of sockets.
pub fn configure(cfg: &mut web::ServiceConfig, fallback: Fallback) {
    let at = |action: &str| web::resource(format!("/pusher/app/{{key}}/{{server}}/{{session}}/{action}"));
    let other = || web::to(async || Err::<HttpResponse, _>(ApiError::MethodNotAllowed("POST, OPTIONS".to_owned())));
    let preflight = || web::method(actix_web::http::Method::OPTIONS).to(allow);
    cfg.app_data(Data::new(fallback))
        .service(at("xhr_streaming").route(web::post().to(begin_stream)).route(preflight()).default_service(other()))
        .service(at("xhr").route(web::post().to(begin_poll)).route(preflight()).default_service(other()))
        .service(at("xhr_send").route(web::post().to(receive)).route(preflight()).default_service(other()));
}

/// Lets pages of every origin read the answer, but never with credentials: browsers then neither
/// send nor store any.
fn for_every_origin(builder: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    builder.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
}

fn or_refusal(result: ApiResult) -> HttpResponse {
    result.unwrap_or_else(|error| {
        let mut response = HttpResponse::from_error(error);
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
        response
    })
}

/// `OPTIONS`: the preflight request of a browser before it sends JSON to another origin.
async fn allow() -> HttpResponse {
    for_every_origin(&mut HttpResponse::NoContent())
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_S))
        .finish()
}

type SessionPath = Path<(String, String, String)>;

async fn begin_stream(fallback: Data<Fallback>, request: HttpRequest, path: SessionPath) -> HttpResponse {
    or_refusal(begin(&fallback, &request, path, PollingKind::Stream).await)
}

async fn begin_poll(fallback: Data<Fallback>, request: HttpRequest, path: SessionPath) -> HttpResponse {
    or_refusal(begin(&fallback, &request, path, PollingKind::Poll).await)
}

/// Begins an answer of a session; the first one also begins the session. A session that this node
/// does not know begins anew: a client that had one sees a second opening, takes it for a lost
/// connection, and reconnects.
async fn begin(fallback: &Fallback, request: &HttpRequest, path: SessionPath, kind: PollingKind) -> ApiResult {
    let (name, key) = session_name(&path)?;
    let credential = token_of(request);
    for _ in 0..TRIES {
        let session = match fallback.sessions.find(&name) {
            Some(session) => session,
            None => match fallback.gate.admit_over_http(key, request.head(), request.peer_addr()).await {
                Admission::Accept { app, principal } => {
                    let admitted = Admitted { app, principal, credential: credential.clone() };
                    fallback.sessions.open(name.clone(), admitted, &fallback.shard)
                }
                Admission::Refuse(code) => return Ok(refusal(code)),
                Admission::NotASocket => return Err(ApiError::not_found()),
            },
        };
        match session.send(BeginPollingAnswer { kind, credential: credential.clone() }).await {
            Ok(Some(pieces)) => return Ok(answer().streaming(until_gone(pieces, request))),
            Ok(None) => return Err(ApiError::not_found()),
            // The session ended meanwhile.
            Err(_) => {}
        }
    }
    Err(ApiError::not_found())
}

/// `POST …/xhr_send`
async fn receive(fallback: Data<Fallback>, request: HttpRequest, path: SessionPath, payload: Payload) -> HttpResponse {
    or_refusal(take_in(&fallback, &request, path, payload).await)
}

async fn take_in(fallback: &Fallback, request: &HttpRequest, path: SessionPath, payload: Payload) -> ApiResult {
    let (name, _) = session_name(&path)?;
    let session = fallback.sessions.find(&name).ok_or_else(ApiError::not_found)?;
    // Enough for one message of the largest size with every character escaped, or for several
    // smaller ones.
    let limit = fallback.shard.settings().max_frame_bytes.saturating_mul(2).saturating_add(1024);
    let body = read_body(payload.into_inner(), declared_length(request), limit).await?;
    let messages = parse_messages(&body).ok_or_else(|| ApiError::request("request.malformed", "the body is not a list of messages"))?;
    match session.send(MessagesReceived { messages, credential: token_of(request) }).await {
        Ok(Ok(())) => Ok(for_every_origin(&mut HttpResponse::NoContent()).finish()),
        Ok(Err(MessagesRefused::TooMany)) => Err(ServiceError::TooMany { code: "rate_limited", retry_after_ms: 1000 }.into()),
        Ok(Err(MessagesRefused::NotYours)) | Err(_) => Err(ApiError::not_found()),
    }
}

/// Returns the name of a session and the key of its app; 404 for a path that no supported client
/// requests.
fn session_name(path: &SessionPath) -> Result<(String, &str), ApiError> {
    let (key, server, session) = &**path;
    let is_server = (1..=3).contains(&server.len()) && server.bytes().all(|byte| byte.is_ascii_digit());
    let is_session =
        (1..=LONGEST_SESSION).contains(&session.len()) && session.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_server && is_session { Ok((format!("{key}/{server}/{session}"), key)) } else { Err(ApiError::not_found()) }
}

/// Makes the head of an answer that carries frames. Proxies on the way must not buffer it.
fn answer() -> HttpResponseBuilder {
    let mut builder = HttpResponse::Ok();
    for_every_origin(&mut builder)
        .content_type("application/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"));
    builder
}

/// Answers a refused client as a WebSocket would: with an error and a close of the same code.
fn refusal(code: PusherCode) -> HttpResponse {
    let told = chunks(&[pusher::error(Some(code), code.message()), Frame::close(code.number(), code.message())]);
    let mut answer = answer();
    if code == PusherCode::OverCapacity {
        // The client's next attempt should find another node, not this one over the open
        // connection.
        answer.force_close();
    }
    answer.body(open("") + &told.text)
}

/// Streams pieces until the connection ends. Without the watch on its end, the server would notice
/// a lost client only when it writes.
fn until_gone(pieces: mpsc::Receiver<PollingPiece>, request: &HttpRequest) -> impl Stream<Item = Result<Bytes, actix_web::Error>> + use<> {
    let end = request.conn_data::<Rc<ConnectionEnd>>().cloned();
    let gone = async move {
        match end {
            Some(end) => end.reached().await,
            // A connection whose end cannot be observed.
            None => std::future::pending().await,
        }
    };
    let pieces = stream::unfold(pieces, async |mut pieces| {
        loop {
            // A piece that was taken back is delivered by the next answer.
            if let Some(text) = pieces.recv().await?.claim() {
                return Some((Ok(text), pieces));
            }
        }
    });
    pieces.take_until(Box::pin(gone))
}
