//! Owns the routes of `/admin/users`: admins list, create, change and import accounts.

use crate::{
    domain::{
        access::Action,
        clock::rfc3339,
        ids::UserId,
        principal::Role,
        shape::{Id, Text, Time},
        text::FieldError,
    },
    http::{
        error::{ApiError, ApiResult, FieldProblem},
        input::{
            credentials::require,
            idempotency::idempotent,
            json_body::{JsonBody, declared_length, read_body},
            page::{Page, PageQuery},
        },
    },
    services::{
        Context, ServiceError, ServiceResult,
        accounts::{
            import::{self, ImportedLine, LARGEST_FILE_BYTES},
            manage::{self, NewUser, UserPatch, UserQuery, UserRow},
        },
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Query of `GET /admin/users`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UsersQuery {
    /// Part of login or name.
    query: Option<String>,
    /// Only this role.
    #[schemars(with = "Option<Role>")]
    role: Option<String>,
    /// Only this state.
    #[schemars(extend("enum" = ["active", "disabled"]))]
    state: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

impl UsersQuery {
    /// Reads the filters. An empty filter is none; an unknown one is refused.
    fn read(self) -> ServiceResult<UserQuery> {
        let page = self.page;
        let unknown = |field, message| ServiceError::from(FieldError::new(field, "unknown_value", message));
        let role = match self.role.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Some(Role::parse(text).ok_or_else(|| unknown("role", "student, counsellor or admin"))?),
            None => None,
        };
        let disabled = match self.state.as_deref() {
            None | Some("") => None,
            Some("active") => Some(false),
            Some("disabled") => Some(true),
            Some(_) => return Err(unknown("state", "active or disabled")),
        };
        Ok(UserQuery { query: self.query, role, disabled, after: page.after()?, limit: page.limit()? })
    }
}

/// Body of `POST /admin/users`.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NewUserBody {
    /// Of `a-z 0-9 . _ -`.
    #[schemars(length(min = 3, max = 64))]
    login: String,
    /// Display name.
    #[schemars(length(min = 1, max = 120))]
    name: String,
    /// What the account is for.
    role: Role,
    /// The first password.
    #[schemars(length(min = 10, max = 200))]
    password: String,
}

/// Body of `PATCH /admin/users/{id}`.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct UserPatchBody {
    /// Display name.
    #[serde(default)]
    #[schemars(with = "Text", length(min = 1, max = 120))]
    name: Option<String>,
    /// What the account is for.
    #[serde(default)]
    #[schemars(with = "Role")]
    role: Option<Role>,
    /// A new password.
    #[serde(default)]
    #[schemars(with = "Text", length(min = 10, max = 200))]
    password: Option<String>,
    /// Whether nobody can sign in to it.
    #[serde(default)]
    #[schemars(with = "bool")]
    disabled: Option<bool>,
}

/// An account as admins see it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub struct AccountBody {
    /// Its id.
    id: UserId,
    /// Login name.
    login: String,
    /// Display name.
    name: String,
    /// What it is for.
    role: Role,
    /// Since when nobody can sign in to it.
    #[schemars(with = "Option<Time>")]
    disabled_at: Option<String>,
    /// When somebody signed in to it last.
    #[schemars(with = "Option<Time>")]
    last_login_at: Option<String>,
    /// When it was made.
    #[schemars(with = "Time")]
    created_at: String,
}

impl From<UserRow> for AccountBody {
    fn from(user: UserRow) -> Self {
        Self {
            id: user.id,
            login: user.login,
            name: user.name,
            role: user.role,
            disabled_at: user.disabled_at_ms.map(rfc3339),
            last_login_at: user.last_login_at_ms.map(rfc3339),
            created_at: rfc3339(user.created_at_ms),
        }
    }
}

/// `GET /admin/users`: accounts, newest first.
pub async fn list_users(context: web::Data<Context>, Requester { principal, .. }: Requester, query: web::Query<UsersQuery>) -> ApiResult {
    let mut query = query.into_inner().read()?;
    let limit = query.limit;
    query.limit += 1;
    let users = manage::list_users(&context, &principal, query).await?;
    Ok(HttpResponse::Ok().json(Page::new(users, limit, |user| user.id.to_string(), AccountBody::from)))
}

/// `POST /admin/users`: 201 with the account; 409 `users.login_taken`. Honours `Idempotency-Key`.
pub async fn create_user(context: web::Data<Context>, request: HttpRequest, requester: Requester, payload: web::Payload) -> ApiResult {
    require(&requester.principal, Action::ManageUsers)?;
    let JsonBody { value: NewUserBody { login, name, role, password }, bytes } = JsonBody::receive(&request, payload.into_inner()).await?;
    idempotent(&context, &requester.principal, &request, &bytes, || async {
        let new = NewUser { login, name, role, password };
        let user = manage::create_user(&context, &requester, new).await?;
        Ok(HttpResponse::Created().json(AccountBody::from(user)))
    })
    .await
}

/// `PATCH /admin/users/{id}`: 200 with the account.
pub async fn change_user(
    context: web::Data<Context>,
    request: HttpRequest,
    requester: Requester,
    id: web::Path<UserId>,
    payload: web::Payload,
) -> ApiResult {
    require(&requester.principal, Action::ManageUsers)?;
    let UserPatchBody { name, role, password, disabled } = JsonBody::receive(&request, payload.into_inner()).await?.value;
    let patch = UserPatch { name, role, password, disabled };
    let user = manage::change_user(&context, &requester, *id, patch).await?;
    Ok(HttpResponse::Ok().json(AccountBody::from(user)))
}

/// A line of the answer of `POST /admin/users/import`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportedLine")]
pub struct ImportedLineBody {
    /// Number in the file; the header is 1.
    line: u64,
    /// The login name as it stands there.
    login: Option<String>,
    /// What became of the line.
    #[schemars(extend("enum" = ["created", "failed"]))]
    status: &'static str,
    /// The account that was made.
    #[schemars(with = "Option<Id>")]
    id: Option<String>,
    /// Why there is none.
    errors: Vec<FieldProblem>,
}

/// The answer of `POST /admin/users/import`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ImportReport {
    /// How many accounts were made.
    created: usize,
    /// How many lines made none.
    failed: usize,
    /// All lines, in the order of the file.
    lines: Vec<ImportedLineBody>,
}

impl From<ImportedLine> for ImportedLineBody {
    fn from(line: ImportedLine) -> Self {
        let (status, id, errors) = match line.result {
            Ok(id) => ("created", Some(id), Vec::new()),
            Err(errors) => ("failed", None, errors.iter().map(FieldProblem::from).collect()),
        };
        Self { line: line.line, login: line.login, status, id, errors }
    }
}

/// `POST /admin/users/import`: a CSV file as the body, 200 with a report per line. 415 without
/// `text/csv`, 413 over 1 MiB.
pub async fn import_users(context: web::Data<Context>, request: HttpRequest, requester: Requester, payload: web::Payload) -> ApiResult {
    require(&requester.principal, Action::ManageUsers)?;
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv") {
        return Err(ApiError::request("request.media_type", "the body must be text/csv"));
    }
    let csv = read_body(payload.into_inner(), declared_length(&request), LARGEST_FILE_BYTES).await?;
    idempotent(&context, &requester.principal, &request, &csv, || async {
        let lines = import::import_users(&context, &requester, &csv).await?;
        let lines: Vec<ImportedLineBody> = lines.into_iter().map(ImportedLineBody::from).collect();
        let created = lines.iter().filter(|line| line.id.is_some()).count();
        Ok(HttpResponse::Ok().json(ImportReport { created, failed: lines.len() - created, lines }))
    })
    .await
}
