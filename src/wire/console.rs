//! Owns the lines of the event console, in which admins watch a connected app live. Made by the
//! hub, the sockets, the HTTP API and the webhooks; kept by `services/apps/watched`; published by
//! `actors/apps/console_link`. Must not contain proofs, signatures or member data: a line consists
//! of names, ids, sentences of this server, and the beginning of a published payload.

use crate::domain::{
    apps::app_happening::{AppHappening, AppHappeningKind},
    ids::SocketId,
    live::channel::{ChannelName, MAX_CHANNEL_NAME},
    shape::Time,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Most characters of a payload in a line.
const SHOWN_DATA: usize = 500;
/// Most characters of a name, id or reason in a line; clients may send longer ones.
const SHOWN_NAME: usize = MAX_CHANNEL_NAME;
/// Most names in a line.
const SHOWN_NAMES: usize = 10;

/// Kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LineKind {
    /// A socket was opened.
    Connected,
    /// A socket closed; with code and reason if the server closed it.
    Disconnected,
    /// The server sent an error to a socket, or refused to open one.
    Refused,
    /// A socket signed in as a user of the app.
    SignedIn,
    /// A socket joined a channel.
    Subscribed,
    /// A socket left a channel.
    Unsubscribed,
    /// A channel got its first subscriber.
    Occupied,
    /// A channel lost its last subscriber.
    Vacated,
    /// The first connection of a user joined a presence channel.
    MemberAdded,
    /// The last connection of a user left a presence channel.
    MemberRemoved,
    /// The number of subscribers of a channel changed.
    Count,
    /// A client sent an event.
    ClientEvent,
    /// A backend or an admin published an event.
    ApiEvent,
    /// The server refused a request of a backend.
    ApiRefused,
    /// A socket joined a cache channel that holds no event.
    CacheMiss,
    /// The server delivered a webhook.
    WebhookSent,
    /// The server could not deliver a webhook; it will try again.
    WebhookFailed,
}

/// One line of the console: something that happened in an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// Kind of the line.
    kind: LineKind,
    /// The channel; of several channels the first ten names and the number of the others.
    channel: Option<String>,
    /// Name of the event; of several events the first ten names and the number of the others.
    event: Option<String>,
    /// The socket.
    socket_id: Option<String>,
    /// The user of the app.
    user_id: Option<String>,
    /// Beginning of the payload, at most 500 characters; the number of subscribers in a `count`.
    data: Option<String>,
    /// Length of the whole payload, in bytes.
    bytes: Option<usize>,
    /// Pusher code or HTTP status.
    code: Option<u16>,
    /// Reason, one sentence.
    reason: Option<String>,
}

impl Line {
    /// Makes a line of this kind.
    #[must_use]
    pub const fn new(kind: LineKind) -> Self {
        Self { kind, channel: None, event: None, socket_id: None, user_id: None, data: None, bytes: None, code: None, reason: None }
    }

    /// Sets the channel. The text may not be a legal name.
    #[must_use]
    pub fn on(self, channel: &str) -> Self {
        Self { channel: Some(beginning(channel, SHOWN_NAME)), ..self }
    }

    /// Sets the channels: the first ten by name, the others by number.
    #[must_use]
    pub fn on_all(self, channels: &[ChannelName]) -> Self {
        Self { channel: Some(listed(channels.iter().map(ChannelName::as_str))), ..self }
    }

    /// Sets the event.
    #[must_use]
    pub fn event(self, name: &str) -> Self {
        Self { event: Some(beginning(name, SHOWN_NAME)), ..self }
    }

    /// Sets the events: the first ten by name, the others by number.
    #[must_use]
    pub fn events<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { event: Some(listed(names)), ..self }
    }

    /// Sets the socket.
    #[must_use]
    pub fn socket(self, socket: SocketId) -> Self {
        Self { socket_id: Some(socket.to_string()), ..self }
    }

    /// Sets the user of the app.
    #[must_use]
    pub fn user(self, user_id: &str) -> Self {
        Self { user_id: Some(beginning(user_id, SHOWN_NAME)), ..self }
    }

    /// Says whether the line is about a refused join and nothing else: a channel and the reason.
    /// Consoles show no other line of the built-in app.
    #[must_use]
    pub fn is_refused_join(&self) -> bool {
        let is_channel = self.channel.as_deref().is_some_and(|name| ChannelName::parse(name).is_ok());
        let says_more = self.event.is_some() || self.data.is_some() || self.user_id.is_some();
        self.kind == LineKind::Refused && is_channel && !says_more
    }

    /// Sets the beginning of the payload, and its length.
    #[must_use]
    pub fn data(self, payload: &str) -> Self {
        Self { data: Some(beginning(payload, SHOWN_DATA)), bytes: Some(payload.len()), ..self }
    }

    /// Sets the reason, with the code that the server sent.
    #[must_use]
    pub fn because(self, code: Option<u16>, reason: &str) -> Self {
        Self { code, reason: Some(beginning(reason, SHOWN_NAME)), ..self }
    }

    /// Sets the status of the HTTP answer.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { code: Some(status), ..self }
    }

    /// Makes the line of a happening.
    #[must_use]
    pub fn of_happening(event: &AppHappening) -> Self {
        let line = |kind| Self::new(kind).on(event.channel.as_str());
        match &event.kind {
            AppHappeningKind::Occupied => line(LineKind::Occupied),
            AppHappeningKind::Vacated => line(LineKind::Vacated),
            AppHappeningKind::MemberAdded { user_id } => line(LineKind::MemberAdded).user(user_id),
            AppHappeningKind::MemberRemoved { user_id } => line(LineKind::MemberRemoved).user(user_id),
            AppHappeningKind::Count(count) => line(LineKind::Count).data(&count.to_string()),
            AppHappeningKind::CacheMiss => line(LineKind::CacheMiss),
            AppHappeningKind::Client { event, data, socket, user_id } => {
                let line = line(LineKind::ClientEvent).event(event).data(data).socket(*socket);
                user_id.iter().fold(line, |line, user_id| line.user(user_id))
            }
        }
    }
}

/// A line with its id, time and node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ConsoleLine")]
pub struct NotedLine {
    /// Id of the line, unique.
    pub id: String,
    /// Time at which the node saw it, RFC 3339.
    #[schemars(with = "Time")]
    pub at: String,
    /// The node that saw it.
    pub node: String,
    /// The line.
    #[serde(flatten)]
    pub line: Line,
}

/// The data of `app.console`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ConsoleData<'a> {
    /// What happened, in order.
    #[schemars(with = "Vec<NotedLine>")]
    lines: &'a [NotedLine],
    /// How many lines there were beside these.
    skipped: u64,
}

/// Returns the data of an [`AppConsole`](super::desk_event::DeskEvent::AppConsole) event: these
/// lines, and the number of lines that were skipped.
#[must_use]
pub fn console_data(lines: &[NotedLine], skipped: u64) -> String {
    // Text and numbers always serialise.
    serde_json::to_string(&ConsoleData { lines, skipped }).unwrap_or_default()
}

fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut list = names.iter().take(SHOWN_NAMES).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_NAMES {
        list.push_str(&format!(", +{}", names.len() - SHOWN_NAMES));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AppId;
    use serde_json::{Value, json};

    fn text(line: Line) -> Value {
        let noted = NotedLine { id: "n-1".into(), at: "2026-11-21T04:05:06.789Z".into(), node: "n".into(), line };
        serde_json::from_str::<Value>(&console_data(&[noted], 2)).unwrap()
    }

    #[test]
    fn a_line_has_all_fields_of_the_contract_whatever_it_tells() {
        let told = text(Line::new(LineKind::Connected).socket(SocketId::new(1, 2)));
        let line = json!({
            "id": "n-1", "at": "2026-11-21T04:05:06.789Z", "node": "n", "kind": "connected", "channel": null, "event": null,
            "socket_id": "1.2", "user_id": null, "data": null, "bytes": null, "code": null, "reason": null,
        });
        assert_eq!(told, json!({ "lines": [line], "skipped": 2 }));
    }

    #[test]
    fn payloads_are_cut_at_characters_and_measured_in_bytes() {
        let told = text(Line::new(LineKind::ApiEvent).data(&"é".repeat(501)).event(&"e".repeat(300)));
        let line = &told["lines"][0];
        assert_eq!(line["data"].as_str().unwrap().chars().count(), 500);
        assert_eq!(line["bytes"], 1002);
        assert_eq!(line["event"].as_str().unwrap().len(), SHOWN_NAME);
    }

    #[test]
    fn many_channels_are_counted_behind_the_first_ten() {
        let channels: Vec<_> = (0..12).map(|n| ChannelName::parse(&format!("c{n}")).unwrap()).collect();
        let of = |count: usize| text(Line::new(LineKind::ApiEvent).on_all(&channels[..count]))["lines"][0]["channel"].clone();
        assert_eq!(of(2), "c0, c1");
        assert_eq!(of(10), "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9");
        assert_eq!(of(12), "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, +2");
    }

    #[test]
    fn what_owners_are_told_of_is_a_line_of_its_kind() {
        let line = |kind| {
            let event = AppHappening { app: AppId("1".into()), channel: ChannelName::parse("presence-a").unwrap(), kind };
            text(Line::of_happening(&event))["lines"][0].clone()
        };
        for (kind, name) in [
            (AppHappeningKind::Occupied, "occupied"),
            (AppHappeningKind::Vacated, "vacated"),
            (AppHappeningKind::CacheMiss, "cache_miss"),
            (AppHappeningKind::Count(3), "count"),
            (AppHappeningKind::MemberAdded { user_id: "ana".into() }, "member_added"),
            (AppHappeningKind::MemberRemoved { user_id: "ana".into() }, "member_removed"),
        ] {
            let told = line(kind);
            assert_eq!(told["kind"], name);
            assert_eq!(told["channel"], "presence-a");
            assert_eq!(told["user_id"], if name.starts_with("member") { json!("ana") } else { Value::Null });
            assert_eq!(told["data"], if name == "count" { json!("3") } else { Value::Null });
        }
        let (event, data, user_id) = ("client-x".to_owned(), r#"{"a":1}"#.to_owned(), Some("ana".into()));
        let told = line(AppHappeningKind::Client { event, data, socket: SocketId::new(1, 2), user_id });
        let parts = ["kind", "event", "data", "bytes", "socket_id", "user_id"].map(|field| told[field].clone());
        assert_eq!(parts, [json!("client_event"), json!("client-x"), json!(r#"{"a":1}"#), json!(7), json!("1.2"), json!("ana")]);
    }
}
