//! Owns the routes of `/alerts`: warnings about students, for counsellors and admins.

use crate::{
    domain::{
        ids::{AlertId, ConversationId},
        text::FieldError,
    },
    http::{error::ApiResult, input::page::PageQuery},
    services::{
        Context, ServiceResult,
        alerts::{self, AlertQuery, AlertScope},
        shared::requester::Requester,
    },
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AlertListQuery {
    /// `open` when left out.
    #[schemars(extend("enum" = ["open", "acknowledged", "all"]))]
    state: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The answer to who opened a conversation about a warning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct OpenedChat {
    /// The conversation.
    conversation_id: ConversationId,
}

impl AlertListQuery {
    fn read(self) -> ServiceResult<AlertQuery> {
        let page = self.page;
        let scope = match self.state.as_deref() {
            None | Some("open") => AlertScope::Open,
            Some("acknowledged") => AlertScope::Acknowledged,
            Some("all") => AlertScope::All,
            Some(_) => return Err(FieldError::new("state", "unknown_value", "open, acknowledged or all").into()),
        };
        Ok(AlertQuery { scope, after: page.after()?, limit: page.limit()? })
    }
}

/// `GET /alerts`: newest first, with the number of open ones.
pub async fn list(context: web::Data<Context>, requester: Requester, query: web::Query<AlertListQuery>) -> ApiResult {
    let query = query.into_inner().read()?;
    Ok(HttpResponse::Ok().json(alerts::list_alerts(&context, &requester, query).await?))
}

/// `POST /alerts/{id}/acknowledge`: the warning as it is now, with the first to acknowledge it.
pub async fn acknowledge(context: web::Data<Context>, requester: Requester, id: web::Path<AlertId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(alerts::acknowledge_alert(&context, &requester, *id).await?))
}

/// `POST /alerts/{id}/chat`: the conversation of this counsellor with the student; also
/// acknowledges the warning.
pub async fn chat(context: web::Data<Context>, requester: Requester, id: web::Path<AlertId>) -> ApiResult {
    let conversation_id = alerts::open_chat(&context, &requester, *id).await?;
    Ok(HttpResponse::Ok().json(OpenedChat { conversation_id }))
}
