//! Owns the rules of a connected Pusher app: name, origins, limits, webhooks. Parse, don't check.
//! Called by `services/apps`.

use crate::domain::text::{FieldError, TextRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most origins of one app.
pub const MAX_ORIGINS: usize = 50;
/// Most webhooks of one app.
pub const MAX_WEBHOOKS: usize = 10;
/// Highest limit that an app may have for the data of one event, in bytes.
pub const MAX_PAYLOAD_BYTES: u32 = 102_400;
/// Longest address of an origin or a webhook, in characters.
const MAX_URL: usize = 500;
const NAME: TextRule = TextRule::line("name", 1, 120);
const CHANNEL_PREFIX: TextRule = TextRule::line("webhooks", 0, 200);

/// Limits of an app. 0 means no limit, except for `payload_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AppLimits {
    /// Most open sockets in the whole cluster. One more is closed with 4004.
    pub connections: u32,
    /// Most channels with subscribers in the whole cluster. A subscription to one more gets an
    /// error.
    pub channels: u32,
    /// Most events per second that the app's backends publish through one node. More get status
    /// 429.
    pub events_per_s: u32,
    /// Largest data of one event, in bytes. A larger event is refused: with status 413 when a
    /// backend sent it, with error 4301 when a client did.
    #[schemars(extend("default" = null))]
    pub payload_bytes: u32,
}

impl Default for AppLimits {
    fn default() -> Self {
        // 10 KiB: docs/pusher-protocol.md, section 2.6.
        Self { connections: 0, channels: 0, events_per_s: 0, payload_bytes: 10_240 }
    }
}

/// Event that a webhook can subscribe to. Names: docs/pusher-protocol.md, section 2.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WebhookEvent {
    /// A channel got its first subscriber.
    ChannelOccupied,
    /// A channel lost its last subscriber.
    ChannelVacated,
    /// The first connection of a user joined a presence channel.
    MemberAdded,
    /// The last connection of a user left a presence channel.
    MemberRemoved,
    /// A client sent an event.
    ClientEvent,
    /// A socket joined a cache channel that holds no event.
    CacheMiss,
    /// The number of subscribers of a channel changed.
    SubscriptionCount,
}

impl WebhookEvent {
    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChannelOccupied => "channel_occupied",
            Self::ChannelVacated => "channel_vacated",
            Self::MemberAdded => "member_added",
            Self::MemberRemoved => "member_removed",
            Self::ClientEvent => "client_event",
            Self::CacheMiss => "cache_miss",
            Self::SubscriptionCount => "subscription_count",
        }
    }
}

/// A web address that the server notifies of events of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Address that receives the events: http or https.
    #[schemars(length(min = 1, max = MAX_URL))]
    pub url: String,
    /// Events that it receives.
    pub events: Vec<WebhookEvent>,
    /// Only channels whose names begin with this text; empty means all channels.
    #[serde(default)]
    #[schemars(length(min = 0, max = 200))]
    pub channel_prefix: String,
}

/// Rules that every app has, whether it is built in, from the settings or from the database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppRules {
    /// Whether clients may send `client-` events.
    pub allows_client_events: bool,
    /// Whether subscribers receive the number of subscribers of their channel.
    pub counts_subscriptions: bool,
    /// Origins of the web pages that may connect; empty means all.
    pub allowed_origins: Vec<String>,
    /// Limits of the app.
    pub limits: AppLimits,
    /// Addresses that are notified of events.
    pub webhooks: Vec<Webhook>,
}

impl AppRules {
    /// Says whether a web page of this origin may connect. A program sends no origin and always
    /// may.
    #[must_use]
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        self.allowed_origins.is_empty() || self.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Returns the addresses to notify of this event on this channel, each once.
    #[must_use]
    pub fn urls_for(&self, event: WebhookEvent, channel: &str) -> Vec<&str> {
        let mut urls = Vec::new();
        for webhook in self.webhooks.iter().filter(|webhook| webhook.wants(event, channel)) {
            if !urls.contains(&webhook.url.as_str()) {
                urls.push(webhook.url.as_str());
            }
        }
        urls
    }

    /// Says whether any webhook subscribed to this event on this channel.
    #[must_use]
    pub fn wants(&self, event: WebhookEvent, channel: &str) -> bool {
        self.webhooks.iter().any(|webhook| webhook.wants(event, channel))
    }
}

impl Webhook {
    /// Says whether this webhook subscribed to this event on this channel.
    #[must_use]
    pub fn wants(&self, event: WebhookEvent, channel: &str) -> bool {
        self.events.contains(&event) && channel.starts_with(&self.channel_prefix)
    }
}

/// Reads the name of an app.
pub fn parse_name(text: &str) -> Result<String, FieldError> {
    NAME.parse(text)
}

/// Reads the origins of an app: `http://` or `https://`, a host and an optional port, without a
/// path.
pub fn parse_origins(origins: &[String]) -> Result<Vec<String>, FieldError> {
    if origins.len() > MAX_ORIGINS {
        return Err(FieldError::new("allowed_origins", "too_long", format!("at most {MAX_ORIGINS} origins")));
    }
    let wrong = || FieldError::new("allowed_origins", "unknown_value", "each must be an origin such as https://portal.example.sch.id");
    let origin = |text: &String| {
        let text = text.trim().trim_end_matches('/');
        let host = host_of(text).ok_or_else(wrong)?;
        if host.contains(['/', '?', '#', '@']) { Err(wrong()) } else { Ok(text.to_ascii_lowercase()) }
    };
    origins.iter().map(origin).collect()
}

/// Checks the limits of an app.
pub fn parse_limits(limits: AppLimits) -> Result<AppLimits, FieldError> {
    if (1..=MAX_PAYLOAD_BYTES).contains(&limits.payload_bytes) {
        return Ok(limits);
    }
    Err(FieldError::new("limits.payload_bytes", "unknown_value", format!("1 to {MAX_PAYLOAD_BYTES}")))
}

/// Reads the webhooks of an app.
pub fn parse_webhooks(webhooks: &[Webhook]) -> Result<Vec<Webhook>, FieldError> {
    if webhooks.len() > MAX_WEBHOOKS {
        return Err(FieldError::new("webhooks", "too_long", format!("at most {MAX_WEBHOOKS} webhooks")));
    }
    let webhook = |webhook: &Webhook| {
        let url = webhook.url.trim();
        if host_of(url).is_none_or(|host| host.contains(['#', '@'])) {
            return Err(FieldError::new("webhooks", "unknown_value", "each url must be an address such as https://backend.example/hook"));
        }
        if webhook.events.is_empty() {
            return Err(FieldError::new("webhooks", "required", "each webhook needs at least one event"));
        }
        let mut events = Vec::new();
        for event in &webhook.events {
            if !events.contains(event) {
                events.push(*event);
            }
        }
        Ok(Webhook { url: url.to_owned(), events, channel_prefix: CHANNEL_PREFIX.parse(&webhook.channel_prefix)? })
    };
    webhooks.iter().map(webhook).collect()
}

/// Returns the text behind the scheme of a web address; `None` when the address is not one.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let is_plain = rest.chars().all(|c| c.is_ascii_graphic());
    (!rest.is_empty() && !rest.starts_with('/') && url.len() <= MAX_URL && is_plain).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str, events: &[WebhookEvent]) -> Webhook {
        Webhook { url: url.into(), events: events.to_vec(), channel_prefix: "presence-".into() }
    }

    #[test]
    fn origins_are_scheme_and_host_only() {
        let read = |text: &str| parse_origins(&[text.to_owned()]);
        assert_eq!(read(" https://Portal.example/ ").unwrap(), ["https://portal.example"]);
        assert_eq!(read("http://localhost:8000").unwrap(), ["http://localhost:8000"]);
        for text in ["", "portal.example", "https://", "https://a/b", "ftp://a", "https://u@a", "https://a b", "null", "*"] {
            assert_eq!(read(text).unwrap_err().code, "unknown_value", "{text}");
        }
        assert_eq!(parse_origins(&vec!["https://a".to_owned(); MAX_ORIGINS + 1]).unwrap_err().code, "too_long");
    }

    #[test]
    fn pages_of_other_origins_are_kept_out_and_programs_let_in() {
        let rules = AppRules { allowed_origins: vec!["https://a.example".into()], ..AppRules::default() };
        assert!(rules.allows_origin(Some("https://A.example")) && rules.allows_origin(None));
        assert!(!rules.allows_origin(Some("https://a.example.evil")) && !rules.allows_origin(Some("null")));
        assert!(AppRules::default().allows_origin(Some("https://anywhere")));
    }

    #[test]
    fn webhooks_need_an_address_and_events() {
        let good = webhook("https://a.example/hook?x=1", &[WebhookEvent::MemberAdded, WebhookEvent::MemberAdded]);
        assert_eq!(parse_webhooks(&[good]).unwrap()[0].events, [WebhookEvent::MemberAdded]);
        assert_eq!(parse_webhooks(&[webhook("a.example", &[WebhookEvent::CacheMiss])]).unwrap_err().code, "unknown_value");
        assert_eq!(parse_webhooks(&[webhook("https://a", &[])]).unwrap_err().code, "required");
        assert_eq!(parse_webhooks(&vec![webhook("https://a", &[WebhookEvent::CacheMiss]); 11]).unwrap_err().code, "too_long");
    }

    #[test]
    fn filters_choose_events_and_channels() {
        let rules = AppRules { webhooks: vec![webhook("https://a", &[WebhookEvent::MemberAdded])], ..AppRules::default() };
        assert!(rules.wants(WebhookEvent::MemberAdded, "presence-a"));
        assert!(!rules.wants(WebhookEvent::MemberAdded, "private-a") && !rules.wants(WebhookEvent::CacheMiss, "presence-a"));
        let twice = AppRules { webhooks: [rules.webhooks.clone(), rules.webhooks].concat(), ..AppRules::default() };
        assert_eq!(twice.urls_for(WebhookEvent::MemberAdded, "presence-a"), ["https://a"], "one address hears once");
    }

    #[test]
    fn limits_default_to_the_contract() {
        let limits: AppLimits = serde_json::from_str(r#"{"connections":5}"#).unwrap();
        assert_eq!(limits, AppLimits { connections: 5, ..AppLimits::default() });
        assert!(parse_limits(AppLimits { payload_bytes: 0, ..limits }).is_err());
        assert!(parse_limits(AppLimits { payload_bytes: MAX_PAYLOAD_BYTES + 1, ..limits }).is_err());
    }
}
