//! Owns the event debug console of connected apps: an admin watches an app's events live, and
//! publishes events by hand. Called by `http/resources/apps/console`. A view or an event that
//! cannot be recorded in the audit trail does not happen.

use super::{backend_api, table::App};
use crate::{
    backends::store::AuditEntry,
    domain::{access::Action, clock::rfc3339, ids::AppId, live::channel::ChannelName, principal::Principal, shape::Time},
    services::{
        Context, ServiceError, ServiceResult,
        shared::{
            contention::retry_contention,
            requester::{Requester, require},
            school_day::today,
        },
    },
    wire::trigger::Trigger,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answer to an admin who watches an app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct OpenConsole {
    /// Where the lines come.
    channel: String,
    /// Until when; asking again keeps it on.
    #[schemars(with = "Time")]
    until: String,
}

/// Starts the console of an app on every node, for a minute from now; a repeat extends it. Recorded
/// in the audit trail once per admin, app and school day.
pub async fn watch(context: &Context, requester: &Requester, id: &AppId) -> ServiceResult<OpenConsole> {
    // Of the built-in app, the console shows refused joins only.
    let app = find(context, &requester.principal, id)?;
    record_view(context, requester, &app).await?;
    let until_ms = context.announce.watch_app(&app.id);
    Ok(OpenConsole { channel: ChannelName::app_console(&app.id).to_string(), until: rfc3339(until_ms) })
}

/// Finds an app to which an admin wants to publish. Fails with `Denied`, `NotFound`, and
/// `apps.disabled`.
pub fn find_enabled(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<Arc<App>> {
    let app = find(context, principal, id)?;
    if app.is_built_in {
        return Err(ServiceError::NotFound);
    }
    if app.is_enabled { Ok(app) } else { Err(ServiceError::Conflict { code: "apps.disabled" }) }
}

/// Publishes an event of an admin, as a backend of the app would. The audit trail records its
/// channels and name before it is published, never its data; the entry stays when publishing fails.
pub async fn send_event(context: &Context, requester: &Requester, app: &App, event: &Trigger) -> ServiceResult<()> {
    let channels: Vec<&str> = event.channels.iter().map(ChannelName::as_str).collect();
    let data = json!({ "title": app.name, "channels": channels, "name": event.name });
    context.store.append_audit(&entry(context, requester, app, ("app.event_sent", data))).await?;
    backend_api::trigger(context, app, std::slice::from_ref(event)).await.map(drop)
}

fn find(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<Arc<App>> {
    require(principal, Action::ManageApps)?;
    context.apps.by_id(id).ok_or(ServiceError::NotFound)
}

/// Records in the audit trail that an admin watches an app. If this fails, the console stays
/// closed.
async fn record_view(context: &Context, requester: &Requester, app: &App) -> ServiceResult<()> {
    let (viewer, day) = (requester.principal.user_id, today(context));
    if context.store.has_viewed_console(viewer, &day, &app.id).await? {
        return Ok(());
    }
    retry_contention(async || {
        let mut tx = context.store.begin().await?;
        if tx.insert_console_view(viewer, &day, &app.id).await? {
            let data = json!({ "title": app.name });
            tx.append_audit(&entry(context, requester, app, ("app.console_opened", data))).await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

fn entry<'a>(context: &Context, requester: &Requester, app: &App, (action, data): (&'a str, Value)) -> AuditEntry<'a> {
    requester.audit_entry(action, Some(("app", app.id.0.to_string())), data, context.clock.now_ms())
}
