//! The HTTP API of Pusher, for backends of connected apps.

use crate::http::openapi::{
    Area,
    operation::{Operation, get, post},
    schema::{about, anything, count, list, object, shape, text, text_of, yes_no},
};
use serde_json::{Value, json};

/// A map of any names to values of this shape.
fn map_of(schema: Value) -> Value {
    json!({ "type": "object", "additionalProperties": schema })
}

fn signed(operation: Operation) -> Operation {
    let id = || text();
    operation.part("app_id", id()).part("user_id", id()).for_everybody().refuses(&["apps.not_signed", "apps.disabled", "request.malformed"])
}

fn sends(operation: Operation) -> Operation {
    signed(operation).refuses(&["request.too_large", "request.timeout", "rate_limited", "unavailable"])
}

fn data() -> Value {
    about(anything(), "Text, forwarded byte for byte; other JSON as its text. At most `payload_bytes` of the app, 10,240 by default.")
}

fn info() -> Value {
    about(text(), "`user_count`, `subscription_count`: what the answer tells about the channels.")
}

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    let nothing = || about(object::<0>([]), "Exactly `{}`.");
    Area {
        name: "Pusher API",
        about: "What the server SDKs of Pusher call. Signed with the app's secret (`auth_key`, `auth_timestamp`, `auth_version`, `body_md5`, `auth_signature` in the query); clocks may differ by 600 s.",
        operations: vec![
            sends(post("/apps/{app_id}/events", "trigger", "Publishes an event."))
                .takes_as(
                    "application/json",
                    object([
                        ("name", text_of(1, 200)),
                        ("data", data()),
                        ("channels?", about(list(text()), "At most 100.")),
                        ("channel?", about(text(), "Instead of `channels`.")),
                        ("socket_id?", about(text(), "The socket that does not hear it.")),
                        ("info?", info()),
                    ]),
                )
                .answers(200, "Published.", object([("channels?", map_of(shape("ChannelCounts")))])),
            sends(post("/apps/{app_id}/batch_events", "trigger_batch", "Publishes up to 10 events."))
                .takes_as("application/json", object([("batch", list(shape("BatchEvent")))]))
                .answers(200, "Published.", object([("batch?", list(shape("ChannelCounts")))])),
            signed(get("/apps/{app_id}/channels", "list_channels", "Lists the occupied channels."))
                .query("filter_by_prefix", text(), "Only channels whose names begin so.")
                .query("info", text(), "`subscription_count`; `user_count` with a prefix that begins with `presence-`.")
                .answers(200, "All of them.", object([("channels", map_of(shape("ChannelCounts")))])),
            signed(get("/apps/{app_id}/channels/{channel}", "read_channel", "Tells about one channel."))
                .query("info", text(), "`subscription_count`, `user_count` (presence), `cache` (cache channels).")
                .answers(200, "Also when nobody is there.", shape("ChannelState")),
            signed(get("/apps/{app_id}/channels/{channel}/users", "list_channel_users", "Lists the users of a presence channel.")).answers(
                200,
                "Also when nobody is there.",
                object([("users", list(object([("id", text())])))]),
            ),
            sends(post(
                "/apps/{app_id}/users/{user_id}/terminate_connections",
                "end_app_user",
                "Closes the sockets signed in as a user with 4009.",
            ))
            .answers(200, "Closed.", nothing()),
            sends(post("/users/{user_id}/terminate_connections", "end_app_user_by_key", "The same; the app is that of `auth_key`."))
                .answers(200, "Closed.", nothing()),
        ],
        shapes: vec![
            ("ChannelCounts", object([("user_count?", count()), ("subscription_count?", count())])),
            (
                "BatchEvent",
                object([
                    ("name", text_of(1, 200)),
                    ("data", data()),
                    ("channel", text()),
                    ("socket_id?", about(text(), "The socket that does not hear it.")),
                    ("info?", info()),
                ]),
            ),
            (
                "ChannelState",
                object([
                    ("occupied", yes_no()),
                    ("user_count?", count()),
                    ("subscription_count?", count()),
                    ("cache?", json!({ "anyOf": [object([("data", text()), ("ttl", about(count(), "Seconds."))]), { "type": "null" }] })),
                ]),
            ),
        ],
        events: Vec::new(),
    }
}
