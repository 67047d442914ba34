//! Owns the rows of connected Pusher apps. Called by the use cases of apps; must not see a secret
//! in clear: callers seal it first.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    apps::connected_app::AppRules,
    ids::{AppId, UserId},
};
use sqlx::any::AnyRow;

const COLUMNS: &str = "SELECT id, name, app_key, sealed_secret, is_enabled, allows_client_events, counts_subscriptions, allowed_origins, limits, \
     webhooks, created_at_ms, updated_at_ms FROM apps";

/// A connected app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// A number as text.
    pub id: AppId,
    /// What admins call it.
    pub name: String,
    /// Public key, unique.
    pub key: String,
    /// The secret, sealed for the id.
    pub sealed_secret: String,
    /// Whether it may be used.
    pub is_enabled: bool,
    /// The rest.
    pub rules: AppRules,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was changed last.
    pub updated_at_ms: i64,
}

impl Store {
    /// Lists all connected apps, oldest first.
    pub async fn list_apps(&self) -> BackendResult<Vec<AppRow>> {
        let rows = self.fetch_all(Sql::new(COLUMNS).push(" ORDER BY created_at_ms, id")).await?;
        rows.iter().map(read).collect()
    }

    /// Finds a connected app.
    pub async fn find_app(&self, id: &AppId) -> BackendResult<Option<AppRow>> {
        let sql = Sql::new(COLUMNS).push(" WHERE id = ?").bind(&*id.0);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }
}

impl Store {
    /// Says whether somebody watched an app on a day.
    pub async fn has_viewed_console(&self, user: UserId, day: &str, app: &AppId) -> BackendResult<bool> {
        let sql = Sql::new("SELECT user_id FROM app_console_views WHERE user_id = ? AND day = ? AND app_id = ?");
        Ok(self.fetch_optional(sql.bind(user).bind(day).bind(&*app.0)).await?.is_some())
    }

    /// Forgets who watched on days before `day`; the audit trail keeps it. Returns how many rows
    /// went.
    pub async fn trim_console_views(&self, day: &str) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM app_console_views WHERE day < ?").bind(day)).await
    }
}

impl Tx {
    /// Notes that somebody watches an app on a day; `false` when that is noted already.
    pub async fn insert_console_view(&mut self, user: UserId, day: &str, app: &AppId) -> BackendResult<bool> {
        let sql = Sql::new("INSERT INTO app_console_views (user_id, day, app_id) VALUES (?, ?, ?)");
        self.insert(sql.bind(user).bind(day).bind(&*app.0)).await
    }

    /// Adds an app; `false` when id or key is taken.
    pub async fn insert_app(&mut self, app: &AppRow) -> BackendResult<bool> {
        let row = settings(app).set("id", &*app.id.0).set("app_key", &app.key).set("created_at_ms", app.created_at_ms);
        self.insert(Sql::insert("apps", row)).await
    }

    /// Writes an app over the row of its id that was last changed at `read_at_ms`; `false` when
    /// there is none.
    pub async fn update_app(&mut self, app: &AppRow, read_at_ms: i64) -> BackendResult<bool> {
        let sql = Sql::update("apps", settings(app)).push(" WHERE id = ? AND updated_at_ms = ?").bind(&*app.id.0).bind(read_at_ms);
        Ok(self.execute(sql).await? > 0)
    }
}

/// Returns the columns that insert and update share.
fn settings(app: &AppRow) -> Values {
    Values::new()
        .set("name", &app.name)
        .set("sealed_secret", &app.sealed_secret)
        .set("is_enabled", i64::from(app.is_enabled))
        .set("allows_client_events", i64::from(app.rules.allows_client_events))
        .set("counts_subscriptions", i64::from(app.rules.counts_subscriptions))
        .set("allowed_origins", json(&app.rules.allowed_origins))
        .set("limits", json(&app.rules.limits))
        .set("webhooks", json(&app.rules.webhooks))
        .set("updated_at_ms", app.updated_at_ms)
}

/// Writes a value whose serialisation cannot fail.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read(row: &AnyRow) -> BackendResult<AppRow> {
    Ok(AppRow {
        id: AppId(row.text("id")?.into()),
        name: row.text("name")?,
        key: row.text("app_key")?,
        sealed_secret: row.text("sealed_secret")?,
        is_enabled: row.int("is_enabled")? != 0,
        rules: AppRules {
            allows_client_events: row.int("allows_client_events")? != 0,
            counts_subscriptions: row.int("counts_subscriptions")? != 0,
            allowed_origins: row.json("allowed_origins")?,
            limits: row.json("limits")?,
            webhooks: row.json("webhooks")?,
        },
        created_at_ms: row.int("created_at_ms")?,
        updated_at_ms: row.int("updated_at_ms")?,
    })
}
