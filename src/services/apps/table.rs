//! Owns the table of Pusher apps that this node serves: the built-in one of the web UI, those of
//! the settings, and the connected ones of the database. Read by `http`, `actors` and services
//! through `Context::apps`. Only [`super::manage`] replaces it, as a whole. Cheap to clone, one per
//! process.

use crate::{
    config::{Config, PusherAppSettings},
    domain::{
        apps::connected_app::{AppLimits, AppRules},
        ids::AppId,
    },
    wire::signature::SecretKey,
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock},
};

/// Id of the built-in app; never numeric, so that it cannot collide with a connected app.
pub const BUILT_IN_APP: &str = "educounsel";
/// The app that the demo data brings: id, key, secret.
const DEMO_APP: [&str; 3] = ["1001", "demo-key", "demo-secret"];

/// The source of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppSource {
    /// This server's own web UI.
    BuiltIn,
    /// The settings or the demo data; changes need a restart.
    Settings,
    /// The database; changed by admins.
    Database,
    /// A test: the server sends every message back. Only [`Apps::add_echo`] makes one, which exists
    /// in debug builds only and which no setting reaches.
    #[cfg(debug_assertions)]
    Echo,
}

/// An app that clients connect to, as it was when loaded. A socket keeps the version it was opened
/// with; [`Apps::current`] returns the newest.
#[derive(Debug)]
pub struct App {
    /// Public id.
    pub id: AppId,
    /// Public key, part of the socket's address.
    pub key: String,
    /// The name that admins gave it.
    pub name: String,
    /// Signs channels and requests.
    pub secret: SecretKey,
    /// Its source.
    pub source: AppSource,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// Whether it is the web UI's app, whose sockets belong to a user by session cookie or token.
    pub is_built_in: bool,
    /// Its rules and limits.
    pub rules: AppRules,
    /// The rate at which its backends may publish through this node; `None`: no limit.
    pub event_rate: Option<Arc<DefaultDirectRateLimiter>>,
}

impl App {
    /// Returns the proof `key:signature` that lets a socket join a channel.
    #[must_use]
    pub fn proof(&self, signed_text: &str) -> String {
        format!("{}:{}", self.key, self.secret.sign(signed_text))
    }

    /// Says whether `proof` is this app's `key:signature` over the text.
    #[must_use]
    pub fn accepts(&self, proof: &str, signed_text: &str) -> bool {
        proof.split_once(':').is_some_and(|(key, signature)| key == self.key && self.secret.verifies(signed_text, signature))
    }

    /// Says whether this is the echo app of a test; never in a release build.
    #[must_use]
    pub fn is_echo(&self) -> bool {
        #[cfg(debug_assertions)]
        return self.source == AppSource::Echo;
        #[cfg(not(debug_assertions))]
        false
    }

    fn of_settings(settings: &PusherAppSettings) -> Self {
        let rules = AppRules {
            allows_client_events: settings.client_events,
            counts_subscriptions: settings.subscription_counts,
            ..AppRules::default()
        };
        Self {
            id: AppId(settings.id.as_str().into()),
            key: settings.key.clone(),
            name: settings.key.clone(),
            secret: SecretKey::new(settings.secret.as_bytes()),
            source: AppSource::Settings,
            is_enabled: true,
            is_built_in: false,
            rules,
            event_rate: None,
        }
    }
}

#[derive(Debug, Default)]
struct AppTable {
    by_key: HashMap<String, Arc<App>>,
    by_id: HashMap<AppId, Arc<App>>,
}

impl AppTable {
    fn of(apps: impl IntoIterator<Item = Arc<App>>) -> Self {
        let mut table = Self::default();
        for app in apps {
            // The first one wins: a row of the database never hides the built-in app or one of the
            // settings.
            if !table.by_key.contains_key(&app.key) && !table.by_id.contains_key(&app.id) {
                table.by_key.insert(app.key.clone(), app.clone());
                table.by_id.insert(app.id.clone(), app);
            }
        }
        table
    }
}

/// All apps, found by key or id; cheap to clone.
#[derive(Debug, Clone)]
pub struct Apps {
    table: Arc<RwLock<AppTable>>,
    fixed: Arc<Vec<Arc<App>>>,
    built_in: Arc<App>,
}

impl Apps {
    /// Takes the apps of the settings, and adds the built-in one (its secret derives from the
    /// server's) and, with demo data, the demo app.
    #[must_use]
    pub fn load(config: &Config, server_secret: &SecretKey, with_demo: bool) -> Self {
        let built_in = Arc::new(App {
            id: AppId(BUILT_IN_APP.into()),
            key: config.realtime.key.clone(),
            name: BUILT_IN_APP.to_owned(),
            secret: server_secret.derive("built-in pusher app"),
            source: AppSource::BuiltIn,
            is_enabled: true,
            is_built_in: true,
            rules: AppRules { allows_client_events: true, ..AppRules::default() },
            event_rate: None,
        });
        let [id, key, secret] = DEMO_APP.map(str::to_owned);
        let demo = with_demo.then_some(PusherAppSettings { id, key, secret, client_events: true, subscription_counts: false });
        // The settings come first, so that an operator's app wins over the demo app.
        let connected = config.apps.iter().chain(&demo).map(|app| Arc::new(App::of_settings(app)));
        let fixed: Vec<_> = [built_in.clone()].into_iter().chain(connected).collect();
        let table = Arc::new(RwLock::new(AppTable::of(fixed.iter().cloned())));
        Self { table, fixed: Arc::new(fixed), built_in }
    }

    /// Adds the app with the key `echo`, which sends every message back. A release build has no
    /// such function.
    #[cfg(debug_assertions)]
    #[must_use]
    pub fn add_echo(self) -> Self {
        let [id, key, secret] = ["echo", "echo", "unused"].map(str::to_owned);
        let settings = PusherAppSettings { id, key, secret, client_events: false, subscription_counts: false };
        let echo = Arc::new(App { source: AppSource::Echo, ..App::of_settings(&settings) });
        let fixed: Vec<_> = self.fixed.iter().cloned().chain([echo]).collect();
        let table = Arc::new(RwLock::new(AppTable::of(fixed.iter().cloned())));
        Self { table, fixed: Arc::new(fixed), ..self }
    }

    /// Replaces the connected apps by those the database has now. An app whose rate limit is
    /// unchanged keeps its rate limiter.
    pub fn replace_connected(&self, connected: impl IntoIterator<Item = App>) {
        let connected = connected.into_iter().map(|mut app| {
            let before = self.by_id(&app.id).filter(|before| before.rules.limits.events_per_s == app.rules.limits.events_per_s);
            app.event_rate = before.and_then(|before| before.event_rate.clone()).or_else(|| event_rate(app.rules.limits));
            Arc::new(app)
        });
        let table = AppTable::of(self.fixed.iter().cloned().chain(connected).collect::<Vec<_>>());
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
    }

    /// Finds an app by its public key, enabled or not.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<Arc<App>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).by_key.get(key).cloned()
    }

    /// Finds an app by its id, enabled or not.
    #[must_use]
    pub fn by_id(&self, id: &AppId) -> Option<Arc<App>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }

    /// Returns an app in its newest version; `None` when it was removed or disabled.
    #[must_use]
    pub fn current(&self, id: &AppId) -> Option<Arc<App>> {
        self.by_id(id).filter(|app| app.is_enabled)
    }

    /// Lists the apps of the settings, which no admin can change.
    #[must_use]
    pub fn of_settings(&self) -> Vec<Arc<App>> {
        self.fixed.iter().filter(|app| app.source == AppSource::Settings).cloned().collect()
    }

    /// Lists the ids of all apps.
    #[must_use]
    pub fn ids(&self) -> Vec<AppId> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).by_id.keys().cloned().collect()
    }

    /// Returns the app of the web UI.
    #[must_use]
    pub const fn built_in(&self) -> &Arc<App> {
        &self.built_in
    }
}

fn event_rate(limits: AppLimits) -> Option<Arc<DefaultDirectRateLimiter>> {
    NonZeroU32::new(limits.events_per_s).map(|per_second| Arc::new(RateLimiter::direct(Quota::per_second(per_second))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apps(with_demo: bool) -> Apps {
        Apps::load(&Config::default(), &SecretKey::new(b"server"), with_demo)
    }

    fn connected(id: &str, key: &str, events_per_s: u32) -> App {
        let settings =
            PusherAppSettings { id: id.into(), key: key.into(), secret: "s".into(), client_events: false, subscription_counts: false };
        let mut app = App { source: AppSource::Database, ..App::of_settings(&settings) };
        app.rules.limits.events_per_s = events_per_s;
        app
    }

    #[test]
    fn apps_are_found_by_key_and_check_their_own_signatures_only() {
        let apps = apps(true);
        let demo = apps.by_key("demo-key").unwrap();
        let proof = demo.proof("1.2:private-a");
        assert!(demo.accepts(&proof, "1.2:private-a"));
        assert!(!demo.accepts(&proof, "1.2:private-b"));
        assert!(!apps.built_in().accepts(&proof, "1.2:private-a"));
        assert!(!demo.accepts("demo-key", "1.2:private-a"));
        assert!(apps.by_key("unknown").is_none());
        assert!(self::apps(false).by_key("demo-key").is_none());
    }

    #[test]
    fn rows_replace_rows_but_never_hide_an_app_of_the_settings() {
        let apps = apps(true);
        apps.replace_connected([connected("9", "k", 5), connected("1001", "other", 0), connected("8", "educounsel", 0)]);
        assert_eq!(apps.by_key("k").unwrap().id, AppId("9".into()));
        assert!(apps.by_key("other").is_none() && apps.by_id(&AppId("8".into())).is_none());
        assert!(apps.by_key("educounsel").unwrap().is_built_in);
        let rate = apps.by_key("k").unwrap().event_rate.clone().unwrap();
        let mut shut = connected("9", "k", 5);
        shut.is_enabled = false;
        apps.replace_connected([shut]);
        assert!(apps.current(&AppId("9".into())).is_none() && apps.by_key("k").is_some());
        assert!(Arc::ptr_eq(&rate, apps.by_key("k").unwrap().event_rate.as_ref().unwrap()), "a reload does not refill the allowance");
        apps.replace_connected([]);
        assert!(apps.by_key("k").is_none());
    }

    #[test]
    fn secrets_are_not_printed() {
        assert!(!format!("{:?}", apps(true)).contains("demo-secret"));
    }
}
