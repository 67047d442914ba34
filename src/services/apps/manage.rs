//! Owns the connected Pusher apps as admins manage them. Called by `http/resources/apps/manage`;
//! `app.rs` and `actors/apps/keeper` call [`reload`].
//!
//! - A secret is shown once, when it is made. The database holds it sealed.
//! - Every node keeps the apps in memory ([`super::table`]). It loads them again when another node
//!   announces a change, and regularly in case that was lost.

use super::{
    table::{App, AppSource},
    view::AppItem,
};
use crate::{
    backends::store::{AppRow, Tx},
    domain::{
        access::Action,
        apps::connected_app::{AppLimits, AppRules, Webhook, parse_limits, parse_name, parse_origins, parse_webhooks},
        clock::rfc3339,
        ids::AppId,
        principal::Principal,
        shape::{Text, Time},
    },
    services::{
        Context, ServiceError, ServiceResult,
        live::port::AppCounts,
        shared::requester::{Requester, require},
    },
    wire::{
        sealed::Vault,
        signature::{SecretKey, to_hex},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// How often a random id or key is tried before giving up; the first one practically always is
/// free.
const TRIES: usize = 5;
/// Ids have eight digits: numbers, as the SDKs require, and longer than those that operators choose
/// in the settings.
const IDS: std::ops::RangeInclusive<u32> = 10_000_000..=99_999_999;

/// What an app is made or changed with; `None` leaves a part as it is, or at its default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
pub struct AppPatch {
    /// What admins call it.
    #[schemars(with = "Text", length(min = 1, max = 120))]
    pub name: Option<String>,
    /// Whether it may be used.
    #[schemars(with = "bool")]
    pub enabled: Option<bool>,
    /// Whether clients may send `client-` events.
    #[schemars(with = "bool")]
    pub client_events: Option<bool>,
    /// Whether subscribers hear how many they are.
    #[schemars(with = "bool")]
    pub subscription_counts: Option<bool>,
    /// Origins whose pages may connect; empty: all.
    #[schemars(with = "Vec<String>")]
    pub allowed_origins: Option<Vec<String>>,
    /// What it may use up.
    #[schemars(with = "AppLimits")]
    pub limits: Option<AppLimits>,
    /// Whom to tell of what.
    #[schemars(with = "Vec<Webhook>")]
    pub webhooks: Option<Vec<Webhook>>,
    /// As the app had it when it was read: when it was changed since, nothing happens (`conflict`).
    #[schemars(with = "Time")]
    pub updated_at: Option<String>,
}

/// Lists the apps without their secrets: those of the settings first, then the connected ones,
/// oldest first.
pub async fn list_apps(context: &Context, principal: &Principal) -> ServiceResult<Vec<AppItem>> {
    require(principal, Action::ManageApps)?;
    let rows = context.store.list_apps().await?;
    let live = |id: &AppId| context.announce.app_counts(id);
    let fixed = context.apps.of_settings();
    let settings = fixed.iter().map(|app| AppItem::of_settings(app, live(&app.id)));
    Ok(settings.chain(rows.iter().map(|row| AppItem::of_row(row, live(&row.id)))).collect())
}

/// Returns one app, from the settings or the database.
pub async fn read_app(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<AppItem> {
    require(principal, Action::ManageApps)?;
    let live = context.announce.app_counts(id);
    if let Some(app) = context.apps.of_settings().iter().find(|app| app.id == *id) {
        return Ok(AppItem::of_settings(app, live));
    }
    let row = context.store.find_app(id).await?.ok_or(ServiceError::NotFound)?;
    Ok(AppItem::of_row(&row, live))
}

/// Makes an app. Only this answer carries its secret.
pub async fn create_app(context: &Context, requester: &Requester, new: &AppPatch) -> ServiceResult<AppItem> {
    require(&requester.principal, Action::ManageApps)?;
    let name = parse_name(new.name.as_deref().unwrap_or_default());
    let rules = patched(AppRules { allows_client_events: true, ..AppRules::default() }, new);
    let (name, rules) = match (name, rules) {
        (Ok(name), Ok(rules)) => (name, rules),
        (name, rules) => return Err(ServiceError::validation([name.err(), rules.err()].into_iter().flatten().collect())),
    };
    let now_ms = context.clock.now_ms();
    let secret = fresh_secret();
    for _ in 0..TRIES {
        let id = AppId(fresh_id().into());
        if context.apps.by_id(&id).is_some() {
            continue;
        }
        let row = AppRow {
            sealed_secret: seal(context, &id, &secret)?,
            id,
            name: name.clone(),
            key: to_hex(&rand::random::<[u8; 10]>()),
            is_enabled: new.enabled.unwrap_or(true),
            rules: rules.clone(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        };
        let mut tx = context.store.begin().await?;
        if !tx.insert_app(&row).await? {
            continue;
        }
        Deed { context, requester, action: "app.created" }.record(&mut tx, &row, json!({})).await?;
        tx.commit().await?;
        reload_everywhere(context).await;
        return Ok(AppItem::of_row(&row, AppCounts::default()).with_secret(secret));
    }
    Err(ServiceError::internal("no free app id found"))
}

/// Changes an app. Disabling it ends its sockets with 4003 on every node. Fails with `conflict` for
/// an app of the settings, and when the app is no longer at the version that the patch names.
pub async fn change_app(context: &Context, requester: &Requester, id: &AppId, patch: &AppPatch) -> ServiceResult<AppItem> {
    let before = find_changeable(context, &requester.principal, id).await?;
    if patch.updated_at.as_ref().is_some_and(|seen| *seen != rfc3339(before.updated_at_ms)) {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    let name = patch.name.as_deref().map_or_else(|| Ok(before.name.clone()), parse_name);
    let (name, rules) = match (name, patched(before.rules.clone(), patch)) {
        (Ok(name), Ok(rules)) => (name, rules),
        (name, rules) => return Err(ServiceError::validation([name.err(), rules.err()].into_iter().flatten().collect())),
    };
    let after = AppRow { name, rules, is_enabled: patch.enabled.unwrap_or(before.is_enabled), ..before.clone() };
    let facts = json!({ "enabled": after.is_enabled, "parts": changed_parts(&before, &after) });
    let action = if before.is_enabled && !after.is_enabled { "app.disabled" } else { "app.changed" };
    let after = Deed { context, requester, action }.write(&before, after, facts).await?;
    Ok(AppItem::of_row(&after, context.announce.app_counts(id)))
}

/// Gives an app a new secret. Signatures made with the old one are refused at once. Only this
/// answer carries the new secret.
pub async fn rotate_secret(context: &Context, requester: &Requester, id: &AppId) -> ServiceResult<AppItem> {
    let before = find_changeable(context, &requester.principal, id).await?;
    let secret = fresh_secret();
    let after = AppRow { sealed_secret: seal(context, id, &secret)?, ..before.clone() };
    let after = Deed { context, requester, action: "app.secret_rotated" }.write(&before, after, json!({})).await?;
    Ok(AppItem::of_row(&after, context.announce.app_counts(id)).with_secret(secret))
}

/// Loads the connected apps from the database into this node's memory. An app whose sealed secret
/// cannot be opened is served as disabled, until an admin rotates the secret.
pub async fn reload(context: &Context) -> ServiceResult<()> {
    let rows = context.store.list_apps().await?;
    let vault = vault(context)?;
    context.apps.replace_connected(rows.into_iter().map(|row| served(row, &vault)));
    Ok(())
}

fn served(row: AppRow, vault: &Vault) -> App {
    let opened = vault.open(&row.id.0, &row.sealed_secret);
    if let Err(error) = &opened {
        tracing::error!(app = &*row.id.0, %error, "app cannot be served: give it a new secret");
    }
    let is_enabled = row.is_enabled && opened.is_ok();
    // A disabled app's signatures are never checked; the random key makes sure that none is valid.
    let secret = opened.map_or_else(|_| SecretKey::new(&rand::random::<[u8; 32]>()), |secret| SecretKey::new(secret.as_bytes()));
    let (id, key, name, rules) = (row.id, row.key, row.name, row.rules);
    App { id, key, name, secret, source: AppSource::Database, is_enabled, is_built_in: false, rules, event_rate: None }
}

async fn find_changeable(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<AppRow> {
    require(principal, Action::ManageApps)?;
    if context.apps.of_settings().iter().any(|app| app.id == *id) {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    context.store.find_app(id).await?.ok_or(ServiceError::NotFound)
}

/// Loads the changed apps on this node before the answer leaves, and tells the other nodes to do
/// so. If loading fails here, the next reload makes up for it.
async fn reload_everywhere(context: &Context) {
    if let Err(error) = reload(context).await {
        tracing::error!(%error, "apps not loaded after a change, trying again soon");
    }
    context.announce.apps_changed();
}

/// A change of an app by an admin, for the audit trail.
struct Deed<'a> {
    context: &'a Context,
    requester: &'a Requester,
    action: &'static str,
}

impl Deed<'_> {
    /// Writes `after` over `before` and loads it on all nodes. Fails with `conflict` when another
    /// change was faster.
    async fn write(&self, before: &AppRow, after: AppRow, facts: Value) -> ServiceResult<AppRow> {
        // Always later than before, even when the clock stands still: this time tells two versions
        // apart.
        let updated_at_ms = self.context.clock.now_ms().max(before.updated_at_ms + 1);
        let after = AppRow { updated_at_ms, ..after };
        let mut tx = self.context.store.begin().await?;
        if !tx.update_app(&after, before.updated_at_ms).await? {
            return Err(ServiceError::Conflict { code: "conflict" });
        }
        self.record(&mut tx, &after, facts).await?;
        tx.commit().await?;
        reload_everywhere(self.context).await;
        Ok(after)
    }

    async fn record(&self, tx: &mut Tx, app: &AppRow, mut data: Value) -> ServiceResult<()> {
        data["title"] = json!(app.name);
        let target = Some(("app", app.id.0.to_string()));
        let entry = self.requester.audit_entry(self.action, target, data, self.context.clock.now_ms());
        Ok(tx.append_audit(&entry).await?)
    }
}

fn changed_parts(before: &AppRow, after: &AppRow) -> Vec<&'static str> {
    let parts = [
        ("name", before.name != after.name),
        ("enabled", before.is_enabled != after.is_enabled),
        ("client_events", before.rules.allows_client_events != after.rules.allows_client_events),
        ("subscription_counts", before.rules.counts_subscriptions != after.rules.counts_subscriptions),
        ("allowed_origins", before.rules.allowed_origins != after.rules.allowed_origins),
        ("limits", before.rules.limits != after.rules.limits),
        ("webhooks", before.rules.webhooks != after.rules.webhooks),
    ];
    parts.into_iter().filter(|(_, has_changed)| *has_changed).map(|(name, _)| name).collect()
}

fn patched(rules: AppRules, patch: &AppPatch) -> Result<AppRules, crate::domain::text::FieldError> {
    Ok(AppRules {
        allows_client_events: patch.client_events.unwrap_or(rules.allows_client_events),
        counts_subscriptions: patch.subscription_counts.unwrap_or(rules.counts_subscriptions),
        allowed_origins: patch.allowed_origins.as_deref().map_or(Ok(rules.allowed_origins), parse_origins)?,
        limits: patch.limits.map_or(Ok(rules.limits), parse_limits)?,
        webhooks: patch.webhooks.as_deref().map_or(Ok(rules.webhooks), parse_webhooks)?,
    })
}

fn vault(context: &Context) -> ServiceResult<Vault> {
    Vault::new(&context.secret, "secrets of connected apps").map_err(|_| ServiceError::internal("the vault of app secrets cannot be made"))
}

fn seal(context: &Context, id: &AppId, secret: &str) -> ServiceResult<String> {
    vault(context)?.seal(&id.0, secret).map_err(|_| ServiceError::internal("an app secret cannot be sealed"))
}

fn fresh_id() -> String {
    let span = IDS.end() - IDS.start() + 1;
    (IDS.start() + rand::random::<u32>() % span).to_string()
}

/// 160 random bits.
fn fresh_secret() -> String {
    to_hex(&rand::random::<[u8; 20]>())
}
