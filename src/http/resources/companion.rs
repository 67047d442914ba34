//! Owns the routes of `/companion`: threads, questions, answers, hand-over. Called by the route
//! table. Must not stop the start of an answer when its client leaves.
//!
//! - A request that begins an answer runs to its end. Otherwise a client that leaves between the
//!   transaction and the desk would leave an answer behind that no actor works on.

use crate::{
    actors::companion::desk::DeskHandle,
    domain::{
        companion::{MAX_QUESTION_CHARS, MAX_SUMMARY_CHARS},
        ids::{MessageId, ThreadId},
        shape::{Id, Text},
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::{
            idempotency::{idempotent, run_to_end},
            json_body::JsonBody,
            language::language_of,
            page::{Page, PageQuery},
        },
    },
    services::{
        Context,
        companion::{self, AnswerItem, NewQuestion, QuestionItem},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The body of a new thread.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ThreadBody {
    /// What it is about.
    #[schemars(length(min = 0, max = 120))]
    title: Option<String>,
}

/// The body of a renamed thread.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RenameBody {
    /// What it is about.
    #[schemars(with = "Text", length(min = 0, max = 120))]
    title: Option<String>,
}

/// The body of a question.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AskBody {
    /// A UUID.
    #[schemars(length(equal = 36))]
    client_id: String,
    /// What is asked.
    #[schemars(length(min = 1, max = MAX_QUESTION_CHARS))]
    body: String,
}

/// The body of a hand-over.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct HandOverBody {
    /// Where it goes on.
    #[schemars(extend("enum" = ["chat", "booking"]))]
    to: String,
    /// What the counsellor should know, as the student edited it.
    #[schemars(length(min = 1, max = MAX_SUMMARY_CHARS))]
    summary: String,
}

/// The query of a thread's messages.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BeforeQuery {
    /// Only messages before this question.
    #[schemars(with = "Option<Id>")]
    before: Option<String>,
}

/// The answer to a question that was asked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct AskedBody {
    /// The question.
    question: QuestionItem,
    /// The newest answer to it.
    answer: AnswerItem,
}

/// The answer to who wanted another answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct RegeneratedBody {
    /// The new version, or the one that grows already.
    answer: AnswerItem,
}

/// The answer to who wanted a summary.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SummaryBody {
    /// The proposal.
    summary: String,
}

/// `GET /companion`
pub async fn read_info(request: HttpRequest, context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(companion::read_info(&context, &user, language_of(&request)).await?))
}

/// `GET /companion/threads`
pub async fn list_threads(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<PageQuery>,
) -> ApiResult {
    let limit = query.limit()?;
    let found = companion::list_threads(&context, &user, query.after()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::new(found, limit, |thread| thread.id.clone(), |thread| thread)))
}

/// `POST /companion/threads`: 201 with the thread.
pub async fn create_thread(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
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
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
    query: web::Query<BeforeQuery>,
) -> ApiResult {
    let unknown = |_| FieldError::new("before", "unknown_value", "not a message of this thread");
    let before = query.before.as_deref().filter(|text| !text.is_empty()).map(MessageId::parse).transpose().map_err(unknown)?;
    Ok(HttpResponse::Ok().json(companion::read_thread(&context, desk.get_ref(), &user, *id, before).await?))
}

/// `PATCH /companion/threads/{id}`
pub async fn rename_thread(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
    body: JsonBody<RenameBody>,
) -> ApiResult {
    let title = body.value.title.as_deref();
    Ok(HttpResponse::Ok().json(companion::rename_thread(&context, &user, *id, title).await?))
}

/// `DELETE /companion/threads/{id}`: 204.
pub async fn delete_thread(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
) -> ApiResult {
    companion::delete_thread(&context, &user, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /companion/threads/{id}/messages`: 202 the first time, 200 for every repeat.
pub async fn ask(
    request: HttpRequest,
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
    body: JsonBody<AskBody>,
) -> ApiResult {
    let AskBody { client_id, body } = body.value;
    let new = NewQuestion { client_id, body, language: language_of(&request) };
    run_to_end(async move {
        let asked = companion::ask(&context, desk.get_ref(), &user, *id, new).await?;
        let mut response = if asked.is_first { HttpResponse::Accepted() } else { HttpResponse::Ok() };
        Ok(response.json(AskedBody { question: asked.question, answer: asked.answer }))
    })
    .await
}

/// `GET /companion/messages/{id}`: an answer, with its text so far.
pub async fn read_answer(
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<MessageId>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(companion::read_answer(&context, desk.get_ref(), &user, *id).await?))
}

/// `POST /companion/messages/{id}/stop`: 200 with the answer as it ended. An answer that has ended
/// already stays unchanged.
pub async fn stop(
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<MessageId>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(companion::stop(&context, desk.get_ref(), &user, *id).await?))
}

/// `POST /companion/messages/{id}/regenerate`: 202 with the new version, or with the one that is
/// growing already.
pub async fn regenerate(
    request: HttpRequest,
    context: web::Data<Context>,
    desk: web::Data<DeskHandle>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<MessageId>,
) -> ApiResult {
    let language = language_of(&request);
    run_to_end(async move {
        let answer = companion::regenerate(&context, desk.get_ref(), &user, *id, language).await?;
        Ok(HttpResponse::Accepted().json(RegeneratedBody { answer }))
    })
    .await
}

/// `POST /companion/threads/{id}/summary`: 200 with a proposal.
pub async fn propose_summary(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
) -> ApiResult {
    let summary = companion::propose_summary(&context, &user, *id, language_of(&request)).await?;
    Ok(HttpResponse::Ok().json(SummaryBody { summary }))
}

/// `POST /companion/threads/{id}/hand-over`: 201 with the chat, or 200 with the data to begin a
/// booking.
pub async fn hand_over(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ThreadId>,
    body: JsonBody<HandOverBody>,
) -> ApiResult {
    let language = language_of(&request);
    let HandOverBody { to, summary } = &body.value;
    let work = || async {
        let handed = companion::hand_over(&context, &user, *id, (to, summary), language).await?;
        let mut response = match handed {
            companion::HandedOver::Chat(_) => HttpResponse::Created(),
            companion::HandedOver::Booking(_) => HttpResponse::Ok(),
        };
        Ok(response.json(handed))
    };
    idempotent(&context, &user, &request, &body.bytes, work).await
}
