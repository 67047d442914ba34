//! Owns the routes of `/conversations/{id}/messages` (read, send, edit, delete, link) and of the
//! search through the user's own conversations.

use crate::{
    domain::{
        conversations::conversation::MAX_BODY_CHARS,
        ids::{ConversationId, MessageId},
        shape::{Count, Time},
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::{
            forms::message::MessageForm,
            json_body::JsonBody,
            page::{DEFAULT_LIMIT, Items, LARGEST_LIMIT, PageQuery},
            uploads::{is_form, receive_form},
        },
    },
    services::{
        Context, ServiceResult,
        conversations::{self, HistoryStart, NewMessage},
        shared::requester::Requester,
    },
    wire::content_disposition::Disposition,
};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The query of a page of messages; at most one of the first three.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct HistoryQuery {
    /// Those before this number.
    #[schemars(with = "Option<Count>")]
    before_seq: Option<String>,
    /// Those after this number.
    #[schemars(with = "Option<Count>")]
    after_seq: Option<String>,
    /// Those around this time.
    #[schemars(with = "Option<Time>")]
    around: Option<String>,
    /// Most items of a page.
    #[schemars(with = "Option<u32>", range(min = 1, max = LARGEST_LIMIT), extend("default" = DEFAULT_LIMIT))]
    limit: Option<String>,
}

/// The query of a search.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SearchQuery {
    /// Words that all must be there.
    #[schemars(length(min = 1, max = 200))]
    query: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The query of a link.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MessageLinkQuery {
    /// Default: inline.
    #[schemars(extend("enum" = ["inline", "attachment"]))]
    disposition: Option<String>,
}

/// A conversation and a message of it.
type MessagePath = (ConversationId, MessageId);

/// A message without a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SendBody {
    /// A UUID.
    #[schemars(length(equal = 36))]
    client_id: String,
    /// The text.
    #[schemars(length(min = 1, max = MAX_BODY_CHARS))]
    body: String,
}

/// The new text of a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MessageEditBody {
    /// The text; it may be empty beside a file.
    #[schemars(length(min = 0, max = MAX_BODY_CHARS))]
    body: String,
}

impl HistoryQuery {
    fn read(self) -> ServiceResult<(HistoryStart, u32)> {
        let limit = PageQuery { after: None, limit: self.limit }.limit()?;
        let start = match (self.before_seq, self.after_seq, self.around) {
            (None, None, None) => HistoryStart::Newest,
            (Some(seq), None, None) => HistoryStart::Before(read_seq("before_seq", &seq)?),
            (None, Some(seq), None) => HistoryStart::After(read_seq("after_seq", &seq)?),
            (None, None, Some(at)) => HistoryStart::Around(read_instant(&at)?),
            _ => return Err(FieldError::new("around", "unknown_value", "only one of before_seq, after_seq and around").into()),
        };
        Ok((start, limit))
    }
}

fn read_seq(field: &'static str, text: &str) -> Result<i64, FieldError> {
    let seq: Result<i64, _> = text.parse();
    seq.ok().filter(|seq| *seq >= 0).ok_or_else(|| FieldError::new(field, "type", "not a number of 0 or more"))
}

fn read_instant(text: &str) -> Result<i64, FieldError> {
    let instant: Result<jiff::Timestamp, _> = text.parse();
    instant.map(jiff::Timestamp::as_millisecond).map_err(|_| FieldError::new("around", "type", "not an RFC 3339 time"))
}

/// `GET /conversations/{id}/messages`
pub async fn list(
    context: web::Data<Context>,
    requester: Requester,
    id: web::Path<ConversationId>,
    query: web::Query<HistoryQuery>,
) -> ApiResult {
    let (start, limit) = query.into_inner().read()?;
    Ok(HttpResponse::Ok().json(conversations::list_messages(&context, &requester, *id, start, limit).await?))
}

/// `POST /conversations/{id}/messages`: JSON, or a form with a file. 201 the first time, 200 for
/// every repeat.
pub async fn send(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<ConversationId>,
    payload: web::Payload,
) -> ApiResult {
    let message: NewMessage = if is_form(&request) {
        match receive_form::<MessageForm>(&request, payload, &context.config).await {
            Ok(form) => form.into(),
            Err(refused) => return Ok(refused.into_response()),
        }
    } else {
        let body: JsonBody<SendBody> = JsonBody::from_request(&request, &mut payload.into_inner()).await?;
        NewMessage { client_id: body.value.client_id, body: body.value.body, upload: None }
    };
    let sent = conversations::send_message(&context, &user, *id, message).await?;
    let mut answer = if sent.is_first { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(sent.message))
}

/// `PATCH /conversations/{id}/messages/{message_id}`: the user's own message, within 15 minutes.
pub async fn edit(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    ids: web::Path<MessagePath>,
    body: JsonBody<MessageEditBody>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::edit_message(&context, &user, *ids, &body.value.body).await?))
}

/// `DELETE /conversations/{id}/messages/{message_id}`: the user's own message; 200 with the
/// tombstone.
pub async fn delete(context: web::Data<Context>, Requester { principal: user, .. }: Requester, ids: web::Path<MessagePath>) -> ApiResult {
    Ok(HttpResponse::Ok().json(conversations::delete_message(&context, &user, *ids).await?))
}

/// `GET /conversations/{id}/messages/{message_id}/link`: a signed link to the file, 1 h.
pub async fn link(
    context: web::Data<Context>,
    requester: Requester,
    ids: web::Path<MessagePath>,
    query: web::Query<MessageLinkQuery>,
) -> ApiResult {
    let unknown = || FieldError::new("disposition", "unknown_value", "inline or attachment");
    let disposition = Disposition::parse(query.disposition.as_deref().unwrap_or("inline")).ok_or_else(unknown)?;
    Ok(HttpResponse::Ok().json(conversations::link_message_file(&context, &requester, *ids, disposition).await?))
}

/// `GET /conversations/{id}/messages/{message_id}/history`: the texts before its edits.
pub async fn history(context: web::Data<Context>, requester: Requester, ids: web::Path<MessagePath>) -> ApiResult {
    let (id, message) = ids.into_inner();
    let items = conversations::list_message_edits(&context, &requester, id, message).await?;
    Ok(HttpResponse::Ok().json(Items { items }))
}

/// `GET /conversations/search`
pub async fn search(context: web::Data<Context>, requester: Requester, query: web::Query<SearchQuery>) -> ApiResult {
    let SearchQuery { query, page } = query.into_inner();
    let found = conversations::search_messages(&context, &requester, &query.unwrap_or_default(), page.after()?, page.limit()?).await?;
    Ok(HttpResponse::Ok().json(found))
}
