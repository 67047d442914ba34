//! Owns the refusal of settings that cannot work, alone or together. Called by [`Config::load`]
//! before anything starts. Invariant: each refusal names the key and says what to do.

use super::{Config, ConfigError};

impl Config {
    /// Refuses values that cannot work, alone or together.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_numbers()?;
        self.check_http()?;
        self.check_realtime()?;
        self.check_backends()?;
        self.check_s3()?;
        self.check_jitsi()?;
        self.check_openai()?;
        self.check_apps()?;
        if !self.security.secret.is_empty() && self.security.secret.len() < 32 {
            return refuse("security.secret", "needs at least 32 characters");
        }
        if jiff::tz::TimeZone::get(&self.school.zone).is_err() {
            return refuse("school.zone", "is not an IANA zone, such as Asia/Jakarta");
        }
        if !["auto", "human", "json"].contains(&self.telemetry.format.as_str()) {
            return refuse("telemetry.format", "must be auto, human or json");
        }
        if tracing_subscriber::EnvFilter::try_new(&self.telemetry.filter).is_err() {
            return refuse("telemetry.filter", "does not read as tracing directives, such as info,educounsel=debug");
        }
        Ok(())
    }

    /// Refuses 0 for numbers that would then stop something for ever, or make it spin.
    fn check_numbers(&self) -> Result<(), ConfigError> {
        let (http, realtime, log, security, openai) = (&self.http, &self.realtime, &self.log, &self.security, &self.openai);
        let zeros = [
            ("http.request_timeout_s", http.request_timeout_s == 0),
            ("http.keep_alive_s", http.keep_alive_s == 0),
            ("http.upload_idle_s", http.upload_idle_s == 0),
            ("http.upload_total_s", http.upload_total_s == 0),
            ("http.requests_per_minute", http.requests_per_minute == 0),
            ("database.max_connections", self.database.max_connections == 0),
            ("security.session_idle_h", security.session_idle_h == 0),
            ("security.session_total_h", security.session_total_h == 0),
            // pusher-js refuses 0.
            ("realtime.activity_timeout_s", realtime.activity_timeout_s == 0),
            ("realtime.pong_timeout_s", realtime.pong_timeout_s == 0),
            ("realtime.outbound_limit_bytes", realtime.outbound_limit_bytes == 0),
            ("realtime.max_frame_bytes", realtime.max_frame_bytes == 0),
            ("realtime.http_heartbeat_s", realtime.http_heartbeat_s == 0),
            ("realtime.http_grace_s", realtime.http_grace_s == 0),
            ("realtime.inbound_per_s", realtime.inbound_per_s == 0),
            ("realtime.channels_per_socket", realtime.channels_per_socket == 0),
            ("openai.max_answer_tokens", openai.max_answer_tokens == 0),
            ("openai.first_token_timeout_s", openai.first_token_timeout_s == 0),
            ("openai.stall_timeout_s", openai.stall_timeout_s == 0),
            ("companion.messages_per_day", self.companion.messages_per_day == 0),
            ("log.retention_days", log.retention_days == 0),
            ("log.poll_ms", log.poll_ms == 0),
            ("log.lease_ms", log.lease_ms == 0),
            ("log.batch", log.batch == 0),
            ("webhooks.timeout_s", self.webhooks.timeout_s == 0),
            ("webhooks.retry_for_s", self.webhooks.retry_for_s == 0),
            ("webhooks.dead_letter_days", self.webhooks.dead_letter_days == 0),
        ];
        zeros.into_iter().find(|(_, is_zero)| *is_zero).map_or(Ok(()), |(key, _)| refuse(key, "must be above 0"))
    }

    fn check_http(&self) -> Result<(), ConfigError> {
        let http = &self.http;
        if http.bind.parse::<std::net::SocketAddr>().is_err() {
            return refuse("http.bind", "must be address:port, such as 127.0.0.1:8080");
        }
        match (http.tls_certificate.is_empty(), http.tls_key.is_empty()) {
            (false, true) => return refuse("http.tls_key", "required, because http.tls_certificate is set"),
            (true, false) => return refuse("http.tls_certificate", "required, because http.tls_key is set"),
            _ => {}
        }
        if !http.public_url.is_empty() && !is_http_url(&http.public_url) {
            return refuse("http.public_url", "must begin with http:// or https://");
        }
        if !http.allowed_origins.iter().all(|origin| is_http_url(origin)) {
            return refuse("http.allowed_origins", "each must begin with http:// or https://");
        }
        Ok(())
    }

    fn check_realtime(&self) -> Result<(), ConfigError> {
        // pusher-js puts the name between the scheme and the port of its own address.
        let is_host = self.realtime.http_hostname.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        if !is_host {
            return refuse("realtime.http_hostname", "must be a host name alone, such as node-3.example.sch.id");
        }
        let prefix = &self.realtime.path_prefix;
        let is_path = prefix.starts_with('/')
            && !prefix.ends_with('/')
            && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if prefix.is_empty() || is_path {
            Ok(())
        } else {
            refuse("realtime.path_prefix", "must begin with a slash and end without, such as /ws")
        }
    }

    fn check_backends(&self) -> Result<(), ConfigError> {
        let url = &self.database.url;
        if !url.is_empty() && !["sqlite:", "mysql:", "mariadb:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return refuse("database.url", "must begin with sqlite://, mysql:// or postgres://");
        }
        if self.redis.url.is_empty() {
            return Ok(());
        }
        if !self.redis.url.starts_with("redis://") && !self.redis.url.starts_with("rediss://") {
            return refuse("redis.url", "must begin with redis:// or rediss://");
        }
        if self.redis.prefix.is_empty() {
            return refuse("redis.prefix", "required, because redis.url is set");
        }
        Ok(())
    }

    /// Refuses an app that cannot be used or that hides another one; its owner would look for the
    /// fault in their own system.
    fn check_apps(&self) -> Result<(), ConfigError> {
        let mut ids = std::collections::BTreeSet::new();
        let mut keys = std::collections::BTreeSet::from([self.realtime.key.as_str()]);
        if self.realtime.key.is_empty() {
            return refuse("realtime.key", "must not be empty");
        }
        for app in &self.apps {
            if app.id.is_empty() || !app.id.bytes().all(|byte| byte.is_ascii_digit()) {
                return refuse("apps", "every id must be a number, as text: the SDKs demand it");
            }
            if app.key.is_empty() || app.secret.is_empty() {
                return refuse("apps", "every app needs a key and a secret");
            }
            if !ids.insert(app.id.as_str()) || !keys.insert(app.key.as_str()) {
                return refuse("apps", "two apps share an id or a key, or one has the key of realtime.key");
            }
        }
        Ok(())
    }

    fn check_s3(&self) -> Result<(), ConfigError> {
        let s3 = &self.s3;
        let parts = [
            ("s3.bucket", &s3.bucket),
            ("s3.region", &s3.region),
            ("s3.access_key_id", &s3.access_key_id),
            ("s3.secret_access_key", &s3.secret_access_key),
        ];
        let touched = !s3.endpoint.is_empty() || parts.iter().any(|(_, value)| !value.is_empty());
        match parts.into_iter().find(|(_, value)| value.is_empty()) {
            Some((key, _)) if touched => refuse(key, "required, because other s3 settings are set"),
            _ if !s3.endpoint.is_empty() && !is_http_url(&s3.endpoint) => refuse("s3.endpoint", "must begin with http:// or https://"),
            _ => Ok(()),
        }
    }

    fn check_openai(&self) -> Result<(), ConfigError> {
        let openai = &self.openai;
        if !openai.base_url.is_empty() && (!is_http_url(&openai.base_url) || openai.base_url.contains(['?', '#'])) {
            return refuse("openai.base_url", "must be an address such as https://api.openai.com/v1");
        }
        if !openai.api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("openai.api_key", "must be visible ASCII without spaces");
        }
        if openai.model.trim().is_empty() {
            return refuse("openai.model", "must name a model");
        }
        if openai.moderation && !self.has_model() {
            return refuse("openai.api_key", "required, because openai.moderation is set");
        }
        // The instructions and the longest question must fit.
        if openai.context_tokens < 3000 {
            return refuse("openai.context_tokens", "must be at least 3000");
        }
        Ok(())
    }

    fn check_jitsi(&self) -> Result<(), ConfigError> {
        let jitsi = &self.jitsi;
        let parts = [("jitsi.url", &jitsi.url), ("jitsi.app_id", &jitsi.app_id), ("jitsi.secret", &jitsi.secret)];
        if parts.iter().all(|(_, value)| value.is_empty()) {
            return Ok(());
        }
        if let Some((key, _)) = parts.into_iter().find(|(_, value)| value.is_empty()) {
            return refuse(key, "required, because other jitsi settings are set");
        }
        if !is_http_url(&jitsi.url) || jitsi.url.contains(['?', '#']) {
            return refuse("jitsi.url", "must be an address such as https://meet.example.sch.id");
        }
        Ok(())
    }
}

fn refuse(key: &'static str, reason: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Refused { key, reason: reason.to_owned() })
}

fn is_http_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}
