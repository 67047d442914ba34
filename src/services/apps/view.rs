//! Owns a connected app as admins see it. Called by `services/apps/manage`. Must not show a secret
//! but in the answer that made it.

use super::table::App;
use crate::{
    backends::store::AppRow,
    domain::{
        apps::connected_app::{AppLimits, Webhook},
        clock::rfc3339,
        shape::{Text, Time},
    },
    services::live::port::AppCounts,
};
use schemars::JsonSchema;
use serde::Serialize;

/// An app as the contract shapes it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "App")]
pub struct AppItem {
    /// A number as text.
    id: String,
    /// What admins call it.
    name: String,
    /// What clients connect with.
    key: String,
    /// Where it is declared.
    #[schemars(extend("enum" = ["settings", "database"]))]
    source: &'static str,
    /// Whether it may be used.
    enabled: bool,
    /// Whether clients may send `client-` events.
    client_events: bool,
    /// Whether subscribers hear how many they are.
    subscription_counts: bool,
    /// Origins whose pages may connect; empty: all.
    allowed_origins: Vec<String>,
    /// What it may use up.
    limits: AppLimits,
    /// Whom the server tells of what.
    webhooks: Vec<Webhook>,
    /// When it was made; null for an app of the settings.
    #[schemars(with = "Option<Time>")]
    created_at: Option<String>,
    /// When it was changed last; null for an app of the settings.
    #[schemars(with = "Option<Time>")]
    updated_at: Option<String>,
    /// In the whole cluster, right now.
    live: AppCounts,
    /// Only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    secret: Option<String>,
}

impl AppItem {
    pub(super) fn with_secret(self, secret: String) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// Returns the app as every later answer shows it.
    #[must_use]
    pub fn without_secret(self) -> Self {
        Self { secret: None, ..self }
    }

    pub(super) fn of_row(row: &AppRow, live: AppCounts) -> Self {
        Self {
            id: row.id.0.to_string(),
            name: row.name.clone(),
            key: row.key.clone(),
            source: "database",
            enabled: row.is_enabled,
            client_events: row.rules.allows_client_events,
            subscription_counts: row.rules.counts_subscriptions,
            allowed_origins: row.rules.allowed_origins.clone(),
            limits: row.rules.limits,
            webhooks: row.rules.webhooks.clone(),
            created_at: Some(rfc3339(row.created_at_ms)),
            updated_at: Some(rfc3339(row.updated_at_ms)),
            live,
            secret: None,
        }
    }

    pub(super) fn of_settings(app: &App, live: AppCounts) -> Self {
        Self {
            id: app.id.0.to_string(),
            name: app.name.clone(),
            key: app.key.clone(),
            source: "settings",
            enabled: true,
            client_events: app.rules.allows_client_events,
            subscription_counts: app.rules.counts_subscriptions,
            allowed_origins: app.rules.allowed_origins.clone(),
            limits: app.rules.limits,
            webhooks: Vec::new(),
            created_at: None,
            updated_at: None,
            live,
            secret: None,
        }
    }
}
