//! Owns the routes of `/conversations` (list, open, take, hand over, close, mark, notes) and of
//! `/chat-preferences`. The routes of messages are in [`super::messages`].

use crate::{
    domain::{
        conversations::conversation::MAX_BODY_CHARS,
        ids::ConversationId,
        shape::{Count, Id},
        text::{FieldError, TextRule},
    },
    http::{
        error::ApiResult,
        input::{
            idempotency::idempotent,
            json_body::JsonBody,
            page::{Items, PageQuery},
        },
    },
    services::{
        Context, ServiceResult,
        conversations::{self, ConversationQuery, ConversationScope, FirstMessage, Mark, NewConversation, PreferencesItem, Transfer},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

const SEARCH: TextRule = TextRule::line("query", 0, 200);

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConversationListQuery {
    /// Default: mine (live ones, newest message first). Waiting: the queue, longest first; of
    /// counsellors.
    #[schemars(extend("enum" = ["mine", "waiting", "closed"]))]
    scope: Option<String>,
    /// Words to find; not in the queue.
    #[schemars(length(min = 0, max = 200))]
    query: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The body of a new conversation.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct OpenBody {
    /// Of students.
    #[schemars(with = "Option<Id>")]
    counsellor_id: Option<String>,
    /// Of counsellors, who must name one.
    #[schemars(with = "Option<Id>")]
    student_id: Option<String>,
    /// What it is about.
    #[schemars(length(min = 0, max = 120))]
    subject: Option<String>,
    /// What it begins with.
    first_message: Option<FirstMessageBody>,
}

/// The message a conversation begins with.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct FirstMessageBody {
    /// A UUID.
    #[schemars(length(equal = 36))]
    client_id: String,
    /// What it says.
    #[schemars(length(min = 1, max = MAX_BODY_CHARS))]
    body: String,
}

/// The body of a transfer.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TransferBody {
    /// The new counsellor.
    #[schemars(with = "Id")]
    counsellor_id: String,
    /// What the new counsellor should know.
    #[schemars(length(min = 1, max = 2_000))]
    note: String,
}

/// The body of a mark.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MarkBody {
    /// Number of the newest message that it covers.
    #[schemars(with = "Count")]
    seq: i64,
}

/// The body of a note.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NoteBody {
    /// What it says.
    #[schemars(length(min = 1, max = 4_000))]
    body: String,
}

impl ConversationListQuery {
    fn read(self) -> ServiceResult<ConversationQuery> {
        let page = self.page;
        let scope = match self.scope.as_deref() {
            None | Some("mine") => ConversationScope::Mine,
            Some("waiting") => ConversationScope::Waiting,
            Some("closed") => ConversationScope::Closed,
            Some(_) => return Err(FieldError::new("scope", "unknown_value", "mine, waiting or closed").into()),
        };
        let query = self.query.map(|query| SEARCH.parse(&query)).transpose()?.filter(|query| !query.is_empty());
        Ok(ConversationQuery { scope, query, after: page.after()?, limit: page.limit()? })
    }
}

impl From<OpenBody> for NewConversation {
    fn from(body: OpenBody) -> Self {
        let first_message = body.first_message.map(|first| FirstMessage { client_id: first.client_id, body: first.body });
        Self { counsellor_id: body.counsellor_id, student_id: body.student_id, subject: body.subject, first_message }
    }
}

/// `GET /conversations`: the user's own by newest message, or the queue.
pub async fn list(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<ConversationListQuery>,
) -> ApiResult {
    let query = query.into_inner().read()?;
    Ok(HttpResponse::Ok().json(conversations::list_conversations(&context, &user, query).await?))
}

/// `POST /conversations`: 201, or 200 with the one that is live already.
pub async fn open(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    body: JsonBody<OpenBody>,
) -> ApiResult {
    let open = || async {
        let opened = conversations::open_conversation(&context, &user, body.value.into()).await?;
        let mut answer = if opened.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
        Ok(answer.json(opened.conversation))
    };
    idempotent(&context, &user, &request, &body.bytes, open).await
}

/// `POST /conversations/next`: the student who has waited longest; 204 when the queue is empty.
/// With an idempotency key, a repeat does not take a second student.
pub async fn take_next(request: HttpRequest, context: web::Data<Context>, requester: Requester) -> ApiResult {
    let take = || async {
        Ok(match conversations::take_next(&context, &requester).await? {
            Some(conversation) => HttpResponse::Ok().json(conversation),
            None => HttpResponse::NoContent().finish(),
        })
    };
    idempotent(&context, &requester.principal, &request, b"", take).await
}

/// `GET /conversations/{id}`
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<ConversationId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::read_conversation(&context, &user, *id).await?))
}

/// `POST /conversations/{id}/transfer`: 204; the conversation no longer belongs to this counsellor.
/// With an idempotency key, a repeat gets 204 too.
pub async fn transfer(
    request: HttpRequest,
    context: web::Data<Context>,
    requester: Requester,
    id: web::Path<ConversationId>,
    body: JsonBody<TransferBody>,
) -> ApiResult {
    let JsonBody { value: TransferBody { counsellor_id, note }, bytes } = body;
    let transfer = Transfer { counsellor_id, note };
    let hand_over = || async {
        conversations::transfer_conversation(&context, &requester, *id, &transfer).await?;
        Ok(HttpResponse::NoContent().finish())
    };
    idempotent(&context, &requester.principal, &request, &bytes, hand_over).await
}

/// `POST /conversations/{id}/close`
pub async fn close(request: HttpRequest, context: web::Data<Context>, requester: Requester, id: web::Path<ConversationId>) -> ApiResult {
    let close = || async { Ok(HttpResponse::Ok().json(conversations::close_conversation(&context, &requester, *id).await?)) };
    idempotent(&context, &requester.principal, &request, b"", close).await
}

/// `POST /conversations/{id}/reopen`
pub async fn reopen(request: HttpRequest, context: web::Data<Context>, requester: Requester, id: web::Path<ConversationId>) -> ApiResult {
    let reopen = || async { Ok(HttpResponse::Ok().json(conversations::reopen_conversation(&context, &requester, *id).await?)) };
    idempotent(&context, &requester.principal, &request, b"", reopen).await
}

/// `POST /conversations/{id}/delivered`
pub async fn mark_delivered(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ConversationId>,
    body: JsonBody<MarkBody>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::mark(&context, &user, *id, Mark::Delivered, body.value.seq).await?))
}

/// `POST /conversations/{id}/read`
pub async fn mark_read(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ConversationId>,
    body: JsonBody<MarkBody>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::mark(&context, &user, *id, Mark::Read, body.value.seq).await?))
}

/// `GET /conversations/{id}/notes`
pub async fn list_notes(context: web::Data<Context>, requester: Requester, id: web::Path<ConversationId>) -> ApiResult {
    let items = conversations::list_notes(&context, &requester, *id).await?;
    Ok(HttpResponse::Ok().json(Items { items }))
}

/// `POST /conversations/{id}/notes`: 201 with the note.
pub async fn add_note(
    request: HttpRequest,
    context: web::Data<Context>,
    requester: Requester,
    id: web::Path<ConversationId>,
    body: JsonBody<NoteBody>,
) -> ApiResult {
    let add = || async { Ok(HttpResponse::Created().json(conversations::add_note(&context, &requester, *id, &body.value.body).await?)) };
    idempotent(&context, &requester.principal, &request, &body.bytes, add).await
}

/// `GET /chat-preferences`
pub async fn read_preferences(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::read_preferences(&context, &user).await?))
}

/// `PUT /chat-preferences`
pub async fn set_preferences(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    body: JsonBody<PreferencesItem>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::set_preferences(&context, &user, body.value).await?))
}
