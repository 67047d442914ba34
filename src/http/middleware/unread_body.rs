//! What becomes of a body that nobody read to its end: its connection closes. By itself actix-http reads the rest of a chunked body for ever when its
//! reader is gone, so that any refused request would hold a connection as long as its client likes to send.

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

/// A small rest that is here already, or nearly, is taken before the answer: then the connection may go on.
const REST_BYTES: usize = 64 * 1024;
/// How long that may take.
const REST_WAIT: Duration = Duration::from_millis(20);
/// What is still taken, and thrown away, behind the answer, so that the client hears it instead of a reset.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// How long that may take.
const LINGER: Duration = Duration::from_secs(1);

/// A body as its handler and this module share it: dropping it does not end it.
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

    /// Takes a small rest that hardly has to be waited for.
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
        // Not in time: then the connection closes.
        let _ = timeout(REST_WAIT, take).await;
    }
}

/// Middleware: when the answer is there and the body is not over, the connection closes behind the answer.
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
    // The body of an upgraded request is the other half of the conversation.
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

/// The body of an answer, behind which a little of the request's body is taken and forgotten. As long as it lives actix-http does not read by itself.
struct ClosingBody {
    answer: BoxBody,
    rest: SharedBody,
    left: usize,
    /// Set when the answer is out.
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
