//! Owns the sections of the settings: each key once, with its default, unit and meaning. Called by
//! [`super::Config`]. A new setting is a line here.

use super::SettingDoc;
use serde::{Deserialize, Serialize};

macro_rules! section {
    ($(#[$doc:meta])* $name:ident in $section:literal { $($key:ident : $type:ty = $default:expr, $unit:literal, $meaning:literal $(, $secret:ident)? ;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $(#[doc = $meaning] pub $key: $type),* }

        impl Default for $name {
            fn default() -> Self { Self { $($key: $default),* } }
        }

        impl $name {
            pub(super) const DOCS: &'static [SettingDoc] = &[$(SettingDoc {
                key: concat!($section, stringify!($key)), unit: $unit, meaning: $meaning, is_secret: section!(@secret $($secret)?),
            }),*];
        }
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

section! {
    /// The HTTP server.
    HttpSettings in "http." {
        bind: String = "127.0.0.1:8080".into(), "address:port", "Where the server listens; port 0 takes a free one.";
        workers: usize = 0, "threads", "Worker threads, each with its own sockets; 0 = one per core.";
        public_url: String = String::new(), "URL", "How browsers reach the server, when it differs from the Host header (proxy, TLS).";
        allowed_origins: Vec<String> = Vec::new(), "list of URLs", "Further origins whose pages may open the built-in app's socket with a session cookie.";
        trust_proxy: bool = false, "", "Take the client's address from X-Forwarded-For; only behind a proxy that sets it.";
        tls_certificate: String = String::new(), "path", "PEM chain; with http.tls_key the server terminates TLS itself.";
        tls_key: String = String::new(), "path", "PEM private key of http.tls_certificate.";
        request_timeout_s: u64 = 15, "s", "How long a client may take for its request head.";
        keep_alive_s: u64 = 75, "s", "How long a connection may wait for its next request: longer than the load balancer in front keeps it, or that one sends requests into connections just closed.";
        upload_idle_s: u64 = 15, "s", "How long an upload may send nothing before it is ended with 408.";
        upload_total_s: u64 = 600, "s", "How long one upload may take in all.";
        requests_per_minute: u32 = 1200, "requests/min", "API requests per signed-in user; strangers share ten times as much per address.";
    }
}
section! {
    /// The database.
    DatabaseSettings in "database." {
        url: String = String::new(), "URL", "sqlite://, mysql:// or postgres://; empty = SQLite in data_dir.", secret;
        max_connections: u32 = 16, "connections", "Size of the connection pool.";
    }
}
section! {
    /// Redis, for several nodes.
    RedisSettings in "redis." {
        url: String = String::new(), "URL", "redis:// or rediss://; empty = sessions in the database, everything else in process (one node).", secret;
        prefix: String = "educounsel".into(), "", "First part of every key and topic.";
    }
}
section! {
    /// S3-compatible object storage.
    S3Settings in "s3." {
        bucket: String = String::new(), "", "Bucket for uploaded files; empty = files under data_dir.";
        endpoint: String = String::new(), "URL", "Address of the S3 service; empty = AWS.";
        region: String = String::new(), "", "Region of the bucket; required with s3.bucket.";
        access_key_id: String = String::new(), "", "Access key; required with s3.bucket.", secret;
        secret_access_key: String = String::new(), "", "Secret key; required with s3.bucket.", secret;
        path_style: bool = true, "", "Put the bucket into the path, as most S3-compatible services want.";
    }
}
section! {
    /// Logins and secrets.
    SecuritySettings in "security." {
        secret: String = String::new(), "", "At least 32 characters; signs links and channels. Empty = made once and kept in the database.", secret;
        session_idle_h: u64 = 12, "h", "A login ends after this long without a request.";
        session_total_h: u64 = 336, "h", "A login ends after this long in any case.";
    }
}
section! {
    /// Sockets.
    RealtimeSettings in "realtime." {
        key: String = "educounsel".into(), "", "Pusher key of the built-in app.";
        activity_timeout_s: u64 = 120, "s", "Silence after which a socket is pinged.";
        pong_timeout_s: u64 = 30, "s", "Silence after the ping after which a socket is closed with 4201.";
        outbound_limit_bytes: usize = 1_048_576, "bytes", "Most bytes waiting for one socket; over it, it is closed with 4100.";
        max_frame_bytes: usize = 65_536, "bytes", "Largest frame a client may send; over it, 1009.";
        client_events_per_s: u32 = 10, "events/s", "Client events per socket; over it, error 4301.";
        channels_per_socket: usize = 200, "channels", "Most subscriptions of one socket.";
        drain_s: u64 = 10, "s", "Time over which a stopping server sends its sockets away with 4200.";
        login_check_s: u64 = 60, "s", "How often open sockets are held to their logins; one that ran out ends its sockets.";
        inbound_per_s: u32 = 1_000, "messages/s", "Messages a socket may send per second (twice as many at once); above it they are read more slowly.";
        max_sockets: usize = 0, "sockets", "Most open sockets of a node; above it handshakes get 4100. 0 = no limit.";
        path_prefix: String = String::new(), "path", "What a proxy leaves before the paths of Pusher clients and backends (wsPath of pusher-js), such as /ws; they are served with it and without.";
        http_heartbeat_s: u64 = 25, "s", "Silence after which an answer of the HTTP fallback shows a sign of life; below the time-outs of proxies.";
        http_grace_s: u64 = 10, "s", "How long a client of the HTTP fallback may take to ask for its next answer; then its socket is over.";
        http_hostname: String = String::new(), "host name", "Where clients of the HTTP fallback reach this very node after their first request; empty = where they came from.";
        handshakes_per_s: u32 = 0, "sockets/s", "New sockets a node takes per second; the rest gets 4100. 0 = no limit.";
    }
}
section! {
    /// The durable log and its pump.
    LogSettings in "log." {
        retention_days: u32 = 30, "days", "How long /sync can look back.";
        poll_ms: u64 = 1000, "ms", "Safety net: how often the pump looks without being woken.";
        coalesce_ms: u64 = 0, "ms", "How long the pump waits after a wake-up to publish rows together.";
        lease_ms: u64 = 5000, "ms", "How long a node may hold the pump without renewing.";
        batch: u32 = 100, "rows", "Rows published per lease.";
    }
}
section! {
    /// Webhooks of connected apps.
    WebhookSettings in "webhooks." {
        allow_private_targets: bool = false, "", "Let webhooks go to this machine and to private networks; only when every admin may reach what is there.";
        timeout_s: u64 = 10, "s", "How long the other side may take to answer.";
        retry_for_s: u64 = 300, "s", "How long an event is tried again, ever more slowly; then it is a dead letter.";
        debounce_ms: u64 = 3_000, "ms", "How long a channel that is vacated, or a member that leaves, may come back without being told.";
        dead_letter_days: u32 = 7, "days", "How long dead letters are kept.";
    }
}
section! {
    /// The school.
    SchoolSettings in "school." {
        zone: String = "Asia/Jakarta".into(), "IANA zone", "Zone in which days begin and times are shown.";
        appointments_ahead: u32 = 5, "", "Most appointments a student may have ahead by own booking; counsellors may add more. 0 = any number.";
        dashboard_cache_s: u64 = 300, "s", "How long counsellor statistics are kept.";
    }
}
section! {
    /// Video appointments, in rooms of a Jitsi server.
    JitsiSettings in "jitsi." {
        url: String = String::new(), "URL", "Address of the Jitsi server; empty = no video appointments.";
        app_id: String = String::new(), "", "Application id the Jitsi server knows us by; required with jitsi.url.";
        secret: String = String::new(), "", "Key that signs the tokens for the Jitsi server; required with jitsi.url.", secret;
    }
}
section! {
    /// The language model behind the companion.
    OpenaiSettings in "openai." {
        api_key: String = String::new(), "", "Key of the OpenAI-compatible service; empty, with an empty openai.base_url = offline companion.", secret;
        base_url: String = String::new(), "URL", "Address of the API up to /v1; empty = OpenAI's own. Servers without keys need no openai.api_key.";
        model: String = "gpt-4o-mini".into(), "", "Name of the model.";
        max_answer_tokens: u32 = 800, "tokens", "Most tokens of one answer.";
        context_tokens: u32 = 6000, "tokens", "Most tokens of instructions, thread and question together (estimated).";
        first_token_timeout_s: u64 = 15, "s", "How long the first word of an answer may take, repeated requests included.";
        stall_timeout_s: u64 = 20, "s", "How long an answer may stand still in the middle.";
        moderation: bool = false, "", "Also ask the service's moderation endpoint, about questions and answers.";
    }
}
section! {
    /// Limits of the companion.
    CompanionSettings in "companion." {
        messages_per_day: u32 = 100, "answers", "Answers a student may ask for on a day of the school; help is never limited.";
        tokens_per_month: u64 = 0, "tokens", "Tokens of the whole school in a month; beyond it the offline companion answers. 0 = no limit.";
    }
}
section! {
    /// Demo data.
    DemoSettings in "demo." {
        password: String = String::new(), "", "Password of the demo accounts; empty = rahasia-demo, and then loopback only.", secret;
    }
}
section! {
    /// Logs of the server itself.
    TelemetrySettings in "telemetry." {
        filter: String = "info,actix_server=warn,actix_http=off,async_openai=off".into(), "", "What is logged, as tracing directives (`info,educounsel=debug`).";
        format: String = "auto".into(), "", "human, json, or auto (human on a terminal, json otherwise).";
    }
}

/// A Pusher app served besides the built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PusherAppSettings {
    /// Numeric id, as the SDKs require.
    pub id: String,
    /// Public key.
    pub key: String,
    /// Secret for signatures.
    pub secret: String,
    /// Whether clients may send `client-` events.
    #[serde(default = "yes")]
    pub client_events: bool,
    /// Whether subscribers receive the number of subscribers of their channel
    /// (`subscription_count`).
    #[serde(default)]
    pub subscription_counts: bool,
}

const fn yes() -> bool {
    true
}
