//! Owns the one tree of settings: every key with its default, unit and meaning. Called by `main`
//! and the tests, which load it, and by every layer that reads a setting. Layers, weakest first:
//! defaults, TOML file, environment (`EDUCOUNSEL__SECTION__KEY`), flags. Invariant: a
//! half-configured backend refuses to start, with an error that names the key.

mod check;
mod sections;
mod unreadable;

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
pub use sections::{
    CompanionSettings, DatabaseSettings, DemoSettings, HttpSettings, JitsiSettings, LogSettings, OpenaiSettings, PusherAppSettings,
    RealtimeSettings, RedisSettings, S3Settings, SchoolSettings, SecuritySettings, TelemetrySettings, WebhookSettings,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Prefix of the environment variables.
pub const ENV_PREFIX: &str = "EDUCOUNSEL__";

/// Says why the settings cannot be used, in one line that names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value does not read, or a key is unknown. Never shows the value, because it may be a
    /// secret in the wrong place.
    #[error("settings: {key}: {reason}{place}")]
    Unreadable {
        /// Dotted key; empty if the whole file is not TOML.
        key: String,
        /// The fault.
        reason: String,
        /// ` (in FILE)`, or nothing for variables and flags.
        place: String,
    },
    /// An environment variable names no setting.
    #[error("settings: {ENV_PREFIX}{0} names no setting; `educounsel config print` lists all")]
    UnknownVariable(String),
    /// A value reads, but cannot work, alone or together with another one.
    #[error("settings: {key}: {reason}")]
    Refused {
        /// Dotted key.
        key: &'static str,
        /// The fault, and what to do.
        reason: String,
    },
}

/// One line of `config print`.
#[derive(Debug, Clone, Copy)]
pub struct SettingDoc {
    /// Dotted key.
    pub key: &'static str,
    /// Unit of the value, empty for plain text.
    pub unit: &'static str,
    /// Meaning of the setting, one sentence.
    pub meaning: &'static str,
    /// Whether `config print` hides the value.
    pub is_secret: bool,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the embedded database and files.
    pub data_dir: PathBuf,
    /// See [`HttpSettings`].
    pub http: HttpSettings,
    /// See [`DatabaseSettings`].
    pub database: DatabaseSettings,
    /// See [`RedisSettings`].
    pub redis: RedisSettings,
    /// See [`S3Settings`].
    pub s3: S3Settings,
    /// See [`SecuritySettings`].
    pub security: SecuritySettings,
    /// See [`RealtimeSettings`].
    pub realtime: RealtimeSettings,
    /// See [`LogSettings`].
    pub log: LogSettings,
    /// See [`WebhookSettings`].
    pub webhooks: WebhookSettings,
    /// See [`SchoolSettings`].
    pub school: SchoolSettings,
    /// See [`JitsiSettings`].
    pub jitsi: JitsiSettings,
    /// See [`OpenaiSettings`].
    pub openai: OpenaiSettings,
    /// See [`CompanionSettings`].
    pub companion: CompanionSettings,
    /// See [`DemoSettings`].
    pub demo: DemoSettings,
    /// See [`TelemetrySettings`].
    pub telemetry: TelemetrySettings,
    /// Further Pusher apps (`[[apps]]` in the file, JSON in the environment).
    pub apps: Vec<PusherAppSettings>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            http: HttpSettings::default(),
            database: DatabaseSettings::default(),
            redis: RedisSettings::default(),
            s3: S3Settings::default(),
            security: SecuritySettings::default(),
            realtime: RealtimeSettings::default(),
            log: LogSettings::default(),
            webhooks: WebhookSettings::default(),
            school: SchoolSettings::default(),
            jitsi: JitsiSettings::default(),
            openai: OpenaiSettings::default(),
            companion: CompanionSettings::default(),
            demo: DemoSettings::default(),
            telemetry: TelemetrySettings::default(),
            apps: Vec::new(),
        }
    }
}

impl Config {
    /// Returns the documentation of every key, in the order of the tree.
    #[must_use]
    pub fn docs() -> Vec<SettingDoc> {
        let top = [
            SettingDoc { key: "data_dir", unit: "path", meaning: "Folder of the embedded database and files.", is_secret: false },
            SettingDoc {
                key: "apps",
                unit: "list",
                meaning: "Further Pusher apps: id, key, secret, client_events, subscription_counts.",
                is_secret: true,
            },
        ];
        let sections: [&[SettingDoc]; 14] = [
            HttpSettings::DOCS,
            DatabaseSettings::DOCS,
            RedisSettings::DOCS,
            S3Settings::DOCS,
            SecuritySettings::DOCS,
            RealtimeSettings::DOCS,
            LogSettings::DOCS,
            WebhookSettings::DOCS,
            SchoolSettings::DOCS,
            JitsiSettings::DOCS,
            OpenaiSettings::DOCS,
            CompanionSettings::DOCS,
            DemoSettings::DOCS,
            TelemetrySettings::DOCS,
        ];
        top.into_iter().chain(sections.into_iter().flatten().copied()).collect()
    }

    /// Reads the layers and checks that the settings work together. `overrides` are dotted keys
    /// with their text, as flags give them. Fails with one line that names the key.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            if !path.is_file() {
                let reason = "there is no such file".to_owned();
                return Err(ConfigError::Unreadable { key: format!("--config {}", path.display()), reason, place: String::new() });
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let defaults = Self::default_values();
        let variables: BTreeMap<String, String> = environment.into_iter().collect();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
                continue;
            };
            let key = rest.to_lowercase().replace("__", ".");
            let Some(default) = defaults.get(key.as_str()) else {
                return Err(ConfigError::UnknownVariable(rest.to_owned()));
            };
            figment = figment.merge(Serialized::default(&key, typed_like(default, &text)));
        }
        for (key, text) in overrides {
            let default = defaults.get(key).cloned().unwrap_or_default();
            figment = figment.merge(Serialized::default(key, typed_like(&default, text)));
        }
        let config: Self = figment.extract().map_err(|error| unreadable::unreadable(&error))?;
        config.check()?;
        Ok(config)
    }

    /// Returns every key with its default value.
    #[must_use]
    pub fn default_values() -> BTreeMap<&'static str, serde_json::Value> {
        Self::default().values()
    }

    /// Returns every key with its value in this tree.
    #[must_use]
    pub fn values(&self) -> BTreeMap<&'static str, serde_json::Value> {
        let tree = serde_json::to_value(self).unwrap_or_default();
        let find = |key: &str| key.split('.').try_fold(&tree, |node, part| node.get(part)).cloned().unwrap_or_default();
        Self::docs().into_iter().map(|doc| (doc.key, find(doc.key))).collect()
    }

    /// Says whether appointments by video can be offered.
    #[must_use]
    pub const fn has_video(&self) -> bool {
        !self.jitsi.url.is_empty()
    }

    /// Says whether a language model answers students (if not, the offline companion does).
    #[must_use]
    pub const fn has_model(&self) -> bool {
        !self.openai.api_key.is_empty() || !self.openai.base_url.is_empty()
    }

    /// Returns the database URL, with the embedded default filled in.
    #[must_use]
    pub fn database_url(&self) -> String {
        if self.database.url.is_empty() {
            format!("sqlite://{}", self.data_dir.join("educounsel.db").display())
        } else {
            self.database.url.clone()
        }
    }

    /// Says whether the server terminates TLS itself.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        !self.http.tls_certificate.is_empty()
    }
}

/// Reads a text from the environment or a flag as the type of its default. Text that does not fit
/// stays text; reading the tree refuses it later and names the key.
fn typed_like(default: &serde_json::Value, text: &str) -> serde_json::Value {
    use serde_json::Value;
    match default {
        Value::Bool(_) | Value::Number(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        Value::Array(_) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        Value::Array(_) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect(),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = variables.iter().map(|(name, text)| (format!("{ENV_PREFIX}{name}"), (*text).to_owned()));
        Config::load(None, environment, &[])
    }

    #[test]
    fn environment_variables_reach_their_key_in_its_type() {
        let config = load(&[
            ("HTTP__BIND", "127.0.0.1:0"),
            ("REALTIME__DRAIN_S", "3"),
            ("DEMO__PASSWORD", "12345678"),
            ("HTTP__ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ])
        .unwrap();
        assert_eq!(config.http.bind, "127.0.0.1:0");
        assert_eq!(config.realtime.drain_s, 3);
        assert_eq!(config.demo.password, "12345678");
        assert_eq!(config.http.allowed_origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn flags_win_over_the_environment() {
        let environment = [("EDUCOUNSEL__HTTP__BIND".to_owned(), "127.0.0.1:1".to_owned())];
        let config = Config::load(None, environment, &[("http.bind", "127.0.0.1:2".into())]).unwrap();
        assert_eq!(config.http.bind, "127.0.0.1:2");
    }

    /// Loads settings that must be refused, and returns the one line of the refusal.
    fn refusal(file: Option<&str>, variables: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("school.toml");
        std::fs::write(&path, file.unwrap_or_default()).unwrap();
        let environment = variables.iter().map(|(name, text)| (format!("{ENV_PREFIX}{name}"), (*text).to_owned()));
        let message = Config::load(file.map(|_| path.as_path()), environment, &[]).unwrap_err().to_string();
        assert!(message.starts_with("settings: ") && !message.contains('\n'), "{message}");
        message
    }

    const S3: [(&str, &str); 4] =
        [("S3__BUCKET", "files"), ("S3__REGION", "id"), ("S3__ACCESS_KEY_ID", "a"), ("S3__SECRET_ACCESS_KEY", "s")];

    #[test]
    fn half_configured_s3_is_refused_by_the_key_that_is_missing() {
        assert!(load(&S3).is_ok());
        for (missing, _) in S3 {
            let rest: Vec<_> = S3.into_iter().filter(|(name, _)| *name != missing).collect();
            let key = missing.to_lowercase().replace("__", ".");
            assert!(refusal(None, &rest).starts_with(&format!("settings: {key}: required")), "{missing}");
        }
        assert!(refusal(None, &[("S3__ENDPOINT", "http://127.0.0.1:1")]).contains("s3.bucket: required"));
        let with_endpoint = [&S3[..], &[("S3__ENDPOINT", "minio:9000")]].concat();
        assert!(refusal(None, &with_endpoint).contains("s3.endpoint: must begin with http"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused_by_key() {
        for (name, text) in [
            ("HTTP__BIND", "8080"),
            ("HTTP__PUBLIC_URL", "konseling.sekolah.id"),
            ("HTTP__ALLOWED_ORIGINS", "https://a.example, b.example"),
            ("HTTP__REQUESTS_PER_MINUTE", "0"),
            ("DATABASE__URL", "oracle://x"),
            ("DATABASE__MAX_CONNECTIONS", "0"),
            ("REDIS__URL", "127.0.0.1:6379"),
            ("SECURITY__SECRET", "short"),
            ("SECURITY__SESSION_IDLE_H", "0"),
            ("REALTIME__ACTIVITY_TIMEOUT_S", "0"),
            ("REALTIME__DRAIN_S", "soon"),
            ("REALTIME__KEY", ""),
            ("REALTIME__HTTP_HOSTNAME", "https://node-3"),
            ("REALTIME__PATH_PREFIX", "ws"),
            ("REALTIME__PATH_PREFIX", "/ws/"),
            ("REALTIME__HTTP_GRACE_S", "0"),
            ("HTTP__TRUST_PROXY", "maybe"),
            ("LOG__BATCH", "0"),
            ("LOG__POLL_MS", "-1"),
            ("SCHOOL__ZONE", "Mars/Base"),
            ("TELEMETRY__FORMAT", "xml"),
            ("TELEMETRY__FILTER", "nonsense=["),
            ("APPS", r#"[{"id":"x","key":"k","secret":"s"}]"#),
            ("APPS", r#"[{"id":"1","key":"k","secret":""}]"#),
            ("APPS", r#"[{"id":"1","key":"k","secret":"s"},{"id":"2","key":"k","secret":"s"}]"#),
            ("APPS", r#"[{"id":"1","key":"educounsel","secret":"s"}]"#),
        ] {
            let key = name.to_lowercase().replace("__", ".");
            assert!(refusal(None, &[(name, text)]).starts_with(&format!("settings: {key}: ")), "{name}={text}");
        }
        assert!(refusal(None, &[("HTTP__TLS_CERTIFICATE", "a.pem")]).contains("http.tls_key: required"));
        assert!(refusal(None, &[("HTTP__TLS_KEY", "a.pem")]).contains("http.tls_certificate: required"));
        let with_redis = [("REDIS__URL", "redis://127.0.0.1"), ("REDIS__PREFIX", "")];
        assert!(refusal(None, &with_redis).contains("redis.prefix: required"));
    }

    #[test]
    fn half_configured_jitsi_is_refused_by_the_key_that_is_missing() {
        assert!(refusal(None, &[("JITSI__URL", "https://meet.example")]).contains("jitsi.app_id: required"));
        assert!(refusal(None, &[("JITSI__URL", "https://meet.example"), ("JITSI__APP_ID", "x")]).contains("jitsi.secret: required"));
        assert!(refusal(None, &[("JITSI__SECRET", "x")]).contains("jitsi.url: required"));
        let without_scheme = [("JITSI__URL", "meet.example"), ("JITSI__APP_ID", "x"), ("JITSI__SECRET", "x")];
        assert!(refusal(None, &without_scheme).contains("jitsi.url: must be an address"));
    }

    #[test]
    fn unknown_keys_are_refused_wherever_they_stand() {
        assert!(refusal(None, &[("HTTP__BIN", "x")]).contains("HTTP__BIN names no setting"));
        let message = refusal(Some("http.bimd = 'x'"), &[]);
        assert!(message.starts_with("settings: http.bimd: names no setting") && message.ends_with("school.toml)"), "{message}");
        let message = Config::load(None, [], &[("foo.bar", "1".into())]).unwrap_err().to_string();
        assert_eq!(message, "settings: foo: names no setting; `educounsel config print` lists all");
        let message = Config::load(Some(Path::new("/nowhere.toml")), [], &[]).unwrap_err().to_string();
        assert_eq!(message, "settings: --config /nowhere.toml: there is no such file");
    }

    #[test]
    fn a_refusal_never_shows_a_value() {
        let messages = [
            refusal(Some("[security]\nsecret = geheim"), &[]),
            refusal(Some("[s3]\nsecret_access_key = ['geheim']"), &[]),
            refusal(Some("[[apps]]\nid = 1\nkey = 'geheim'\nsecret = 'geheim'"), &[]),
            refusal(None, &[("APPS", r#"[{"id":"1","key":"k","secret":"geheim""#)]),
            refusal(None, &[("LOG__BATCH", "geheim")]),
            refusal(None, &[("SECURITY__SECRET", "geheim")]),
        ];
        for message in messages {
            assert!(!message.contains("geheim"), "{message}");
        }
    }

    #[test]
    fn every_setting_is_documented() {
        let values = serde_json::to_value(Config::default()).unwrap();
        let mut keys = Vec::new();
        for (name, value) in values.as_object().unwrap() {
            match value.as_object() {
                Some(section) => keys.extend(section.keys().map(|key| format!("{name}.{key}"))),
                None => keys.push(name.clone()),
            }
        }
        let mut documented: Vec<_> = Config::docs().iter().map(|doc| doc.key.to_owned()).collect();
        keys.sort();
        documented.sort();
        assert_eq!(keys, documented);
        assert!(Config::docs().iter().all(|doc| doc.meaning.ends_with('.')));
    }
}
