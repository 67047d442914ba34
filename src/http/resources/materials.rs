//! Owns the routes of `/materials`: list, read, create, edit, delete, link.

use crate::{
    domain::{
        access::{Action, may},
        files::material::{MaterialStatus, SentMaterialText},
        ids::MaterialId,
        shape::{Text, given},
        text::{FieldError, TextRule},
    },
    http::{
        error::{ApiError, ApiResult},
        input::{
            credentials::require,
            forms::material::UploadForm,
            idempotency::{KeyAnswer, ask_about_key, idempotent, run_to_end},
            json_body::{JsonBody, declared_length},
            page::PageQuery,
            uploads::{Refused, receive_form},
        },
    },
    services::{
        Context, ServiceError,
        materials::{self, MaterialChange, MaterialQuery, Purpose},
        shared::requester::Requester,
    },
    wire::content_disposition::Disposition,
};
use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use schemars::JsonSchema;
use serde::Deserialize;

const SEARCH: TextRule = TextRule::line("query", 0, 200);
const CATEGORY: TextRule = TextRule::line("category", 0, 60);

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MaterialListQuery {
    /// Words to find in title, summary, text and category.
    #[schemars(length(min = 0, max = 200))]
    query: Option<String>,
    /// Only this category.
    #[schemars(length(min = 0, max = 60))]
    category: Option<String>,
    /// Only this state.
    #[schemars(with = "Option<MaterialStatus>")]
    status: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The query of a link.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MaterialLinkQuery {
    /// Default: inline.
    #[schemars(extend("enum" = ["inline", "attachment"]))]
    disposition: Option<String>,
}

/// The parts of a material that change; a part that is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MaterialEditBody {
    /// One line.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Text", length(min = 1, max = 160))]
    title: Option<String>,
    /// One line.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Text", length(min = 1, max = 60))]
    category: Option<String>,
    /// The text.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Text", length(min = 0, max = 100_000))]
    body: Option<String>,
    /// The state.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "MaterialStatus")]
    status: Option<String>,
}

impl MaterialListQuery {
    fn parse(self) -> ApiResult<MaterialQuery> {
        let text = |rule: TextRule, text: Option<String>| match text {
            Some(text) => rule.parse(&text).map(|text| Some(text).filter(|text| !text.is_empty())),
            None => Ok(None),
        };
        let page = self.page;
        Ok(MaterialQuery {
            query: text(SEARCH, self.query)?,
            category: text(CATEGORY, self.category)?,
            status: self.status.map(|status| MaterialStatus::parse_field(&status)).transpose()?,
            after: page.after()?,
            limit: page.limit()?,
        })
    }
}

impl MaterialEditBody {
    fn parse(self) -> ApiResult<MaterialChange> {
        let status = self.status.map(|status| MaterialStatus::parse_field(&status)).transpose()?;
        let text = SentMaterialText { title: self.title, category: self.category, body: self.body };
        Ok(MaterialChange { text, status })
    }
}

/// Returns the purpose of a read. `HEAD` reaches the same handlers, but its user reads nothing.
fn purpose_of(request: &HttpRequest) -> Purpose {
    if request.method() == Method::HEAD { Purpose::Look } else { Purpose::Use }
}

/// `GET /materials`: newest first, with the categories in use.
pub async fn list(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<MaterialListQuery>,
) -> ApiResult {
    let page = materials::list_materials(&context, &user, query.into_inner().parse()?).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `GET /materials/{id}`: one material with its text.
pub async fn read(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<MaterialId>,
) -> ApiResult {
    let material = materials::read_material(&context, &user, *id, purpose_of(&request)).await?;
    Ok(HttpResponse::Ok().json(material))
}

/// `POST /materials`: a multipart form; 201 with the material. Without a body, under an
/// `Idempotency-Key`, it asks about the upload under that key: the answer is the upload's own, or
/// 409 while it is under way, or 422 when none of it is stored or ever will be.
pub async fn create(request: HttpRequest, context: web::Data<Context>, requester: Requester, payload: web::Payload) -> ApiResult {
    if !may(requester.principal.role, Action::WriteMaterials) {
        return Ok(Refused::unread(ServiceError::Denied, payload).into_response());
    }
    if declared_length(&request) == Some(0) {
        match ask_about_key(&context, &requester.principal, &request).await? {
            KeyAnswer::Nothing => {}
            KeyAnswer::Closed => return Err(UploadForm::default().parse().err().unwrap_or_else(ApiError::not_found)),
            KeyAnswer::Done(answer) => return Ok(answer),
        }
    }
    let form: UploadForm = match receive_form(&request, payload, &context.config).await {
        Ok(form) => form,
        Err(refused) => return Ok(refused.into_response()),
    };
    // From here on the client may leave: the work still runs to its end, so that a later question
    // about the key gets a true answer.
    run_to_end(publish(request, context, requester, form)).await
}

/// Publishes the material of an upload, once per key.
async fn publish(request: HttpRequest, context: web::Data<Context>, requester: Requester, mut form: UploadForm) -> ApiResult {
    let fingerprint = form.fingerprint();
    let publish = || async {
        let material = materials::publish_material(&context, &requester, form.parse()?).await?;
        Ok(HttpResponse::Created().json(material))
    };
    idempotent(&context, &requester.principal, &request, &fingerprint, publish).await
}

/// `PATCH /materials/{id}`: changes the given fields.
pub async fn edit(
    request: HttpRequest,
    context: web::Data<Context>,
    requester: Requester,
    id: web::Path<MaterialId>,
    payload: web::Payload,
) -> ApiResult {
    require(&requester.principal, Action::WriteMaterials)?;
    let body: JsonBody<MaterialEditBody> = JsonBody::receive(&request, payload.into_inner()).await?;
    let material = materials::change_material(&context, &requester, *id, body.value.parse()?).await?;
    Ok(HttpResponse::Ok().json(material))
}

/// `DELETE /materials/{id}`: deletes row and file; 204.
pub async fn delete(context: web::Data<Context>, requester: Requester, id: web::Path<MaterialId>) -> ApiResult {
    materials::delete_material(&context, &requester, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /materials/{id}/link`: a signed link to the file, 1 h.
pub async fn link(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<MaterialId>,
    query: web::Query<MaterialLinkQuery>,
) -> ApiResult {
    let wanted = query.disposition.as_deref().unwrap_or("inline");
    let unknown = || FieldError::new("disposition", "unknown_value", "inline or attachment");
    let disposition = Disposition::parse(wanted).ok_or_else(unknown)?;
    let link = materials::link_material(&context, &user, *id, disposition, purpose_of(&request)).await?;
    Ok(HttpResponse::Ok().json(link))
}
