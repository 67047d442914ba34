//! `/companion`: threads, questions, answers, hand-over.
//!
//! What begins an answer runs in a task of its own: a client that goes away between the transaction and the desk leaves no answer behind that nobody gives.

use crate::{
    actors::companion::desk::DeskHandle,
    domain::{
        companion::AnswerStatus,
        ids::{MessageId, ThreadId},
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::{
            credentials::SignedIn,
            idempotency::idempotent,
            json_body::JsonBody,
            language::language_of,
            page::{Page, PageQuery},
        },
    },
    services::{
        Context, ServiceError, ServiceResult,
        companion::{self, AnswerItem, LiveTurn, MessageView, NewQuestion},
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// How long a wish to stop waits for the end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The body of a new or renamed thread.
#[derive(Debug, Deserialize)]
pub struct ThreadBody {
    title: Option<String>,
}

/// The body of a question.
#[derive(Debug, Deserialize)]
pub struct AskBody {
    client_id: String,
    body: String,
}

/// The body of a hand-over.
#[derive(Debug, Deserialize)]
pub struct HandOverBody {
    to: String,
    summary: String,
}

/// The query of a thread's messages.
#[derive(Debug, Deserialize)]
pub struct BeforeQuery {
    before: Option<String>,
}

/// `GET /companion`
pub async fn read_info(request: HttpRequest, context: web::Data<Context>, SignedIn(user): SignedIn) -> ApiResult {
    Ok(HttpResponse::Ok().json(companion::read_info(&context, &user, language_of(&request)).await?))
}

/// `GET /companion/threads`
pub async fn list_threads(context: web::Data<Context>, SignedIn(user): SignedIn, query: web::Query<PageQuery>) -> ApiResult {
    let limit = query.limit()?;
    let found = companion::list_threads(&context, &user, query.after()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::new(found, limit, |thread| thread.id.clone(), |thread| thread)))
}

/// `POST /companion/threads`: 201 with the thread.
pub async fn create_thread(
    request: HttpRequest,
    context: web::Data<Context>,
    SignedIn(user): SignedIn,
    body: JsonBody<ThreadBody>,
) -> ApiResult {
    let title = body.value.title.as_deref();
    let create = || async { Ok(HttpResponse::Created().json(companion::create_thread(&context, &user, title).await?)) };
    idempotent(&context, &user, &request, &body.bytes, create).await
}

/// `GET /companion/threads/{id}`: with its newest messages, or those before a question.
pub async fn read_thread(
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    SignedIn(user): SignedIn,
    id: web::Path<ThreadId>,
    query: web::Query<BeforeQuery>,
) -> ApiResult {
    let unknown = |_| FieldError::new("before", "unknown_value", "not a message of this thread");
    let before = query.before.as_deref().filter(|text| !text.is_empty()).map(MessageId::parse).transpose().map_err(unknown)?;
    let mut view = companion::read_thread(&context, &user, *id, before).await?;
    for message in &mut view.messages {
        if let MessageView::Answer(answer) = message {
            show_live(&desk, answer).await?;
        }
    }
    Ok(HttpResponse::Ok().json(view))
}

/// `PATCH /companion/threads/{id}`
pub async fn rename_thread(
    context: web::Data<Context>,
    SignedIn(user): SignedIn,
    id: web::Path<ThreadId>,
    body: JsonBody<ThreadBody>,
) -> ApiResult {
    let title = body.value.title.as_deref();
    Ok(HttpResponse::Ok().json(companion::rename_thread(&context, &user, *id, title).await?))
}

/// `DELETE /companion/threads/{id}`: 204.
pub async fn delete_thread(context: web::Data<Context>, SignedIn(user): SignedIn, id: web::Path<ThreadId>) -> ApiResult {
    companion::delete_thread(&context, &user, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /companion/threads/{id}/messages`: 202 the first time, 200 for every repeat.
pub async fn ask(
    request: HttpRequest,
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    SignedIn(user): SignedIn,
    id: web::Path<ThreadId>,
    body: JsonBody<AskBody>,
) -> ApiResult {
    let (id, language) = (*id, language_of(&request));
    let AskBody { client_id, body } = body.value;
    let asked = detached(async move {
        let new = NewQuestion { client_id, body };
        let mut asked = companion::begin_turn(&context, &user, id, new, language).await?;
        give(&context, &desk, asked.turn.take()).await?;
        if !asked.is_first {
            show_live(&desk, &mut asked.answer).await?;
        }
        Ok(asked)
    })
    .await?;
    let mut response = if asked.is_first { HttpResponse::Accepted() } else { HttpResponse::Ok() };
    Ok(response.json(json!({ "question": asked.question, "answer": asked.answer })))
}

/// `GET /companion/messages/{id}`: an answer, with what it says at this moment.
pub async fn read_answer(
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    SignedIn(user): SignedIn,
    id: web::Path<MessageId>,
) -> ApiResult {
    let id = *id;
    let mut answer = companion::read_answer(&context, &user, id).await?;
    if answer.status == AnswerStatus::Streaming && !show_live(&desk, &mut answer).await? {
        // It grows elsewhere, or ended between the two questions: then the row knows.
        answer = companion::read_answer(&context, &user, id).await?;
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /companion/messages/{id}/stop`: 200 with the answer as it ended; one that has ended already is left as it is.
pub async fn stop(
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    SignedIn(user): SignedIn,
    id: web::Path<MessageId>,
) -> ApiResult {
    let id = *id;
    let answer = companion::read_answer(&context, &user, id).await?;
    if answer.status != AnswerStatus::Streaming {
        return Ok(HttpResponse::Ok().json(answer));
    }
    if !desk.stop_answer(id, STOP_PATIENCE).await {
        companion::ask_to_stop(&context, id).await?;
    }
    Ok(HttpResponse::Ok().json(companion::wait_for_end(&context, &user, id, STOP_PATIENCE).await?))
}

/// `POST /companion/messages/{id}/regenerate`: 202 with the new version, or the one that grows already.
pub async fn regenerate(
    request: HttpRequest,
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    SignedIn(user): SignedIn,
    id: web::Path<MessageId>,
) -> ApiResult {
    let (id, language) = (*id, language_of(&request));
    let answer = detached(async move {
        let mut regenerated = companion::regenerate(&context, &user, id, language).await?;
        let is_new = regenerated.turn.is_some();
        give(&context, &desk, regenerated.turn).await?;
        if !is_new {
            show_live(&desk, &mut regenerated.answer).await?;
        }
        Ok(regenerated.answer)
    })
    .await?;
    Ok(HttpResponse::Accepted().json(json!({ "answer": answer })))
}

/// `POST /companion/threads/{id}/summary`: 200 with a proposal.
pub async fn propose_summary(
    request: HttpRequest,
    context: web::Data<Context>,
    SignedIn(user): SignedIn,
    id: web::Path<ThreadId>,
) -> ApiResult {
    let summary = companion::propose_summary(&context, &user, *id, language_of(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "summary": summary })))
}

/// `POST /companion/threads/{id}/hand-over`: 201 with the chat, or 200 with what a booking begins with.
pub async fn hand_over(
    request: HttpRequest,
    context: web::Data<Context>,
    SignedIn(user): SignedIn,
    id: web::Path<ThreadId>,
    body: JsonBody<HandOverBody>,
) -> ApiResult {
    let (id, language) = (*id, language_of(&request));
    let HandOverBody { to, summary } = &body.value;
    let work = || async {
        let handed = companion::hand_over(&context, &user, id, (to, summary), language).await?;
        let mut response = match handed {
            companion::HandedOver::Chat { .. } => HttpResponse::Created(),
            companion::HandedOver::Booking { .. } => HttpResponse::Ok(),
        };
        Ok(response.json(handed))
    };
    idempotent(&context, &user, &request, &body.bytes, work).await
}

/// Does work to its end, whatever becomes of the request.
async fn detached<T: 'static>(work: impl Future<Output = ServiceResult<T>> + 'static) -> ServiceResult<T> {
    let done = actix_web::rt::spawn(work).await;
    done.map_err(|_| ServiceError::internal("a task of the companion was lost"))?
}

/// Hands a turn to the desk. A desk that takes no more leaves it interrupted, with a button to try again.
async fn give(context: &Context, desk: &DeskHandle, turn: Option<LiveTurn>) -> ServiceResult<()> {
    let Some(turn) = turn else { return Ok(()) };
    let row = turn.answer.clone();
    if !desk.begin(turn).await {
        companion::interrupt(context, &row).await?;
    }
    Ok(())
}

/// Puts what an answer says at this moment into its item; `false` when it does not grow here.
async fn show_live(desk: &DeskHandle, answer: &mut AnswerItem) -> ServiceResult<bool> {
    if answer.status != AnswerStatus::Streaming {
        return Ok(false);
    }
    let id = MessageId::parse(&answer.id).map_err(|_| ServiceError::internal("an answer without an id"))?;
    let Some((text, seq)) = desk.read(id).await else { return Ok(false) };
    (answer.text, answer.seq) = (text, seq);
    Ok(true)
}
