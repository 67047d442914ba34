//! Owns the search for students by counsellors who want to write to or meet one. Called by
//! `http/resources/accounts/students`. Must not show more than names and logins.

use crate::{
    backends::store::UserFilter,
    domain::{
        access::Action,
        ids::UserId,
        principal::{Principal, Role},
        shape::Id,
        text::TextRule,
    },
    services::{Context, ServiceResult, shared::requester::require},
};
use schemars::JsonSchema;
use serde::Serialize;

const QUERY: TextRule = TextRule::line("query", 0, 120);

/// A student as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Student")]
pub struct StudentItem {
    /// The account.
    #[schemars(with = "Id")]
    pub id: String,
    /// Display name.
    pub name: String,
    /// Tells two of the same name apart.
    pub login: String,
}

/// Lists enabled students whose name or login has all words of `query`, newest account first,
/// beginning after `after`.
pub async fn list_students(
    context: &Context,
    principal: &Principal,
    query: Option<&str>,
    after: Option<UserId>,
    limit: u32,
) -> ServiceResult<Vec<StudentItem>> {
    require(principal, Action::FindStudents)?;
    let words = query.map(|text| QUERY.parse(text)).transpose()?;
    let filter = UserFilter { query: words, role: Some(Role::Student), disabled: Some(false) };
    let users = context.store.list_users(&filter, after, limit).await?;
    Ok(users.into_iter().map(|user| StudentItem { id: user.id.to_string(), name: user.name, login: user.login }).collect())
}
