//! The Pusher apps this server serves: the built-in one of the web UI, and those of the settings.

use crate::{
    config::{Config, PusherAppSettings},
    domain::registry::AppId,
    wire::signature::SecretKey,
};
use std::{collections::HashMap, sync::Arc};

/// Id of the built-in app; never numeric, so that it cannot collide with a connected app.
pub const BUILT_IN_APP: &str = "educounsel";
/// The app that demo data brings: id, key, secret.
const DEMO_APP: [&str; 3] = ["1001", "demo-key", "demo-secret"];

/// An app that clients connect to.
#[derive(Debug)]
pub struct App {
    /// Public id.
    pub id: AppId,
    /// Public key, part of the socket's address.
    pub key: String,
    /// Signs channels.
    pub secret: SecretKey,
    /// Whether clients may send `client-` events.
    pub allows_client_events: bool,
    /// Whether a session cookie or token makes a socket a signed-in user.
    pub is_built_in: bool,
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
}

/// All apps, found by key; cheap to clone.
#[derive(Debug, Clone)]
pub struct Apps {
    by_key: Arc<HashMap<String, Arc<App>>>,
    built_in: Arc<App>,
}

impl Apps {
    /// Takes the apps of the settings, adds the built-in one (its secret derives from the server's) and, for demo data, the demo app.
    #[must_use]
    pub fn load(config: &Config, server_secret: &SecretKey, with_demo: bool) -> Self {
        let built_in = Arc::new(App {
            id: AppId(BUILT_IN_APP.into()),
            key: config.realtime.key.clone(),
            secret: server_secret.derive("built-in pusher app"),
            allows_client_events: true,
            is_built_in: true,
        });
        let [id, key, secret] = DEMO_APP.map(str::to_owned);
        let demo = with_demo.then_some(PusherAppSettings { id, key, secret, client_events: true });
        let connected = demo.iter().chain(&config.apps).map(|app| {
            Arc::new(App {
                id: AppId(app.id.as_str().into()),
                key: app.key.clone(),
                secret: SecretKey::new(app.secret.as_bytes()),
                allows_client_events: app.client_events,
                is_built_in: false,
            })
        });
        let by_key = connected.chain([built_in.clone()]).map(|app| (app.key.clone(), app)).collect();
        Self { by_key: Arc::new(by_key), built_in }
    }

    /// Finds an app by its public key.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<Arc<App>> {
        self.by_key.get(key).cloned()
    }

    /// Returns the app of the web UI.
    #[must_use]
    pub const fn built_in(&self) -> &Arc<App> {
        &self.built_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_are_found_by_key_and_check_their_own_signatures_only() {
        let apps = Apps::load(&Config::default(), &SecretKey::new(b"server"), true);
        let demo = apps.by_key("demo-key").unwrap();
        let proof = demo.proof("1.2:private-a");
        assert!(demo.accepts(&proof, "1.2:private-a"));
        assert!(!demo.accepts(&proof, "1.2:private-b"));
        assert!(!apps.built_in().accepts(&proof, "1.2:private-a"));
        assert!(!demo.accepts("demo-key", "1.2:private-a"));
        assert!(apps.by_key("unknown").is_none());
        assert!(Apps::load(&Config::default(), &SecretKey::new(b"server"), false).by_key("demo-key").is_none());
    }
}
