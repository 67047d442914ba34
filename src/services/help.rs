//! Owns the help card and its hotlines. Called by `http/resources/help` and [`super::companion`].
//! Must not depend on a login, on limits or on the database: without an answer of the database the
//! card carries the built-in hotlines.

use super::{
    Context, ServiceError, ServiceResult,
    shared::requester::{Requester, require},
};
use crate::{
    backends::store::AuditEntry,
    domain::{
        access::Action,
        language::Language,
        principal::Principal,
        risk::{
            help_card::{VERSION, card_text, default_hotlines},
            hotline::{Hotline, HotlineForm, parse_hotlines},
        },
        shape::Day,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// How long the database may take before the card is made without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A service one can call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct HotlineItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What to dial.
    pub number: String,
    /// Its page.
    pub url: Option<String>,
    /// When somebody answers.
    pub hours: String,
    /// What it is for, in the language asked for.
    pub note: String,
    /// When a person checked it.
    #[schemars(with = "Day")]
    pub checked_on: String,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HelpCard {
    /// One line.
    pub title: String,
    /// Most urgent first.
    pub lines: Vec<String>,
    /// Who can be called.
    pub hotlines: Vec<HotlineItem>,
    /// Version of the words.
    pub version: String,
}

impl HotlineItem {
    fn new(hotline: &Hotline, language: Language) -> Self {
        Self {
            id: hotline.id.clone(),
            name: hotline.name.clone(),
            number: hotline.number.clone(),
            url: hotline.url.clone(),
            hours: hotline.hours.clone(),
            note: hotline.note.in_language(language).to_owned(),
            checked_on: hotline.checked_on.clone(),
        }
    }
}

/// Returns the help card. Never fails: if the database does not answer, the card carries the
/// built-in hotlines.
pub async fn card(context: &Context, language: Language) -> HelpCard {
    let hotlines = match timeout(PATIENCE, hotlines(context)).await {
        Ok(Ok(hotlines)) => hotlines,
        Ok(Err(error)) => {
            tracing::error!(%error, "hotlines not read; the help card shows the built-in ones");
            default_hotlines().to_vec()
        }
        Err(_) => {
            tracing::error!("the database is slow; the help card shows the built-in hotlines");
            default_hotlines().to_vec()
        }
    };
    let text = card_text(language);
    HelpCard {
        title: text.title.clone(),
        lines: text.lines.clone(),
        hotlines: hotlines.iter().map(|hotline| HotlineItem::new(hotline, language)).collect(),
        version: VERSION.to_owned(),
    }
}

async fn hotlines(context: &Context) -> ServiceResult<Vec<Hotline>> {
    let own = context.store.list_hotlines().await?;
    Ok(if own.is_empty() { default_hotlines().to_vec() } else { own })
}

/// Lists the hotlines in both languages, for admins.
pub async fn list_hotlines(context: &Context, principal: &Principal) -> ServiceResult<Vec<Hotline>> {
    require(principal, Action::ManageHotlines)?;
    hotlines(context).await
}

/// Replaces the list of hotlines. The audit trail records their names and numbers.
pub async fn put_hotlines(context: &Context, requester: &Requester, forms: &[HotlineForm]) -> ServiceResult<Vec<Hotline>> {
    require(&requester.principal, Action::ManageHotlines)?;
    let hotlines = parse_hotlines(forms).map_err(ServiceError::validation)?;
    let listed: Vec<_> = hotlines.iter().map(|hotline| json!({ "name": hotline.name, "number": hotline.number })).collect();
    let entry = AuditEntry {
        target_kind: Some("hotlines"),
        ..requester.audit_entry("hotlines.changed", None, json!({ "hotlines": listed }), context.clock.now_ms())
    };
    let mut tx = context.store.begin().await?;
    tx.replace_hotlines(&hotlines).await?;
    tx.append_audit(&entry).await?;
    tx.commit().await?;
    Ok(hotlines)
}
