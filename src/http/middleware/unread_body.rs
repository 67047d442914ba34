//! Owns the end of a request whose body was not read to its end: the connection closes. Called by
//! actix-web for every request. Must not close the connection of an upgraded request.
//!
//! - Without this, actix-http reads the rest of a chunked body for ever once its reader is gone,
//!   and any refused request holds a connection for as long as its client likes to send.

use actix_http::{HttpMessage as _, Payload, error::PayloadError};
use actix_web::{
    Error,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, StatusCode},
    middleware::Next,
    web::Bytes,
};
use futures_util::{Stream, StreamExt as _};
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep, timeout};

/// Before the answer, up to this much of the body is read and dropped if it arrives within
/// [`REST_WAIT`]. If the body ends there, the connection stays open.
const REST_BYTES: usize = 64 * 1024;
/// How long the server waits for that rest.
const REST_WAIT: Duration = Duration::from_millis(20);
/// After the answer, up to this much of the body is read and dropped, so that the client receives
/// the answer instead of a reset.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// How long the server reads after the answer.
const LINGER: Duration = Duration::from_secs(1);

/// A body that its handler and this module share: when the handler drops it, this module still has
/// it.
#[derive(Clone)]
struct SharedBody(Rc<RefCell<Tracked>>);

struct Tracked {
    body: Payload,
    is_over: bool,
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut tracked = self.0.borrow_mut();
        let next = Pin::new(&mut tracked.body).poll_next(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            tracked.is_over = true;
        }
        next
    }
}

impl SharedBody {
    fn is_over(&self) -> bool {
        self.0.borrow().is_over
    }

    /// Reads and drops a small rest of the body.
    async fn take_rest(&mut self) {
        let mut left = REST_BYTES;
        let take = async {
            while let Some(Ok(piece)) = self.next().await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    return;
                }
            }
        };
        // When the rest does not come in time, the connection closes.
        let _ = timeout(REST_WAIT, take).await;
    }
}

/// Middleware: closes the connection after the answer when the body was not read to its end.
pub async fn close_on_unread_body<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let body = request.take_payload();
    if matches!(body, Payload::None) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let mut shared = SharedBody(Rc::new(RefCell::new(Tracked { body, is_over: false })));
    request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
    let mut response = next.call(request).await?;
    // After an upgrade, the body is the client's half of the socket.
    if shared.is_over() || response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response.map_into_left_body());
    }
    shared.take_rest().await;
    if shared.is_over() {
        return Ok(response.map_into_left_body());
    }
    response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    let response = response.map_into_boxed_body();
    let closing = |_: &mut _, answer| BoxBody::new(ClosingBody { answer, rest: shared, left: LINGER_BYTES, until: None });
    Ok(response.map_body(closing).map_into_right_body())
}

/// The body of an answer; after it, a bounded rest of the request's body is read and dropped. While
/// this value holds the rest, actix-http does not read it by itself.
struct ClosingBody {
    answer: BoxBody,
    rest: SharedBody,
    left: usize,
    /// Set when the whole answer was sent.
    until: Option<Pin<Box<Sleep>>>,
}

impl MessageBody for ClosingBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if this.until.is_none() {
            match Pin::new(&mut this.answer).poll_next(context) {
                Poll::Ready(None) => {}
                other => return other,
            }
        }
        let until = this.until.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if until.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        while this.left > 0 {
            match Pin::new(&mut this.rest).poll_next(context) {
                Poll::Ready(Some(Ok(piece))) => this.left = this.left.saturating_sub(piece.len()),
                Poll::Ready(None | Some(Err(_))) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(None)
    }
}
