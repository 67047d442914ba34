//! The connected Pusher apps.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area, Event,
    operation::{get, patch, post},
    schema::{about, anything, count, id, list, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::Value;

/// Names of what webhooks are told of.
const EVENTS: [&str; 7] =
    ["channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss", "subscription_count"];

/// What a line of the console can tell.
const LINES: [&str; 17] = [
    "connected",
    "disconnected",
    "refused",
    "signed_in",
    "subscribed",
    "unsubscribed",
    "occupied",
    "vacated",
    "member_added",
    "member_removed",
    "count",
    "client_event",
    "api_event",
    "api_refused",
    "cache_miss",
    "webhook_sent",
    "webhook_failed",
];

/// What may be said about a new app.
fn parts_of_new() -> Value {
    object(parts("name"))
}

/// What may be changed, and the version it is changed from.
fn parts_of_known() -> Value {
    let seen =
        ("updated_at?", about(time(), "As the app had it when it was read: when it was changed since, nothing happens (`conflict`)."));
    let [name, enabled, client_events, counts, origins, limits, webhooks] = parts("name?");
    object([name, enabled, client_events, counts, origins, limits, webhooks, seen])
}

fn parts(name: &'static str) -> [(&'static str, Value); 7] {
    [
        (name, text_of(1, 120)),
        ("enabled?", yes_no()),
        ("client_events?", about(yes_no(), "Whether clients may send `client-` events.")),
        ("subscription_counts?", about(yes_no(), "Whether subscribers hear how many they are.")),
        ("allowed_origins?", about(list(text()), "Origins whose pages may connect; empty: all.")),
        ("limits?", shape("AppLimits")),
        ("webhooks?", list(shape("Webhook"))),
    ]
}

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    Area {
        name: "Connected apps",
        about: "Pusher apps of the school's other systems: they publish through `/apps/{id}` and their clients listen on `/app/{key}`.",
        operations: vec![
            get("/api/v1/admin/apps", "list_apps", "Lists all apps, those of the settings first.")
                .needs(Action::ManageApps)
                .answers(200, "All of them.", object([("items", list(shape("App"))), ("next", or_null(text()))])),
            post("/api/v1/admin/apps", "create_app", "Makes an app.")
                .about("The answer shows the secret, for the only time: a repeat under the same `Idempotency-Key` does not.")
                .needs(Action::ManageApps)
                .idempotent()
                .takes_shape(parts_of_new())
                .answers(201, "Made.", shape("App")),
            get("/api/v1/admin/apps/{id}", "read_app", "Gives one app.")
                .part("id", text())
                .needs(Action::ManageApps)
                .answers(200, "The app.", shape("App")),
            patch("/api/v1/admin/apps/{id}", "change_app", "Changes what is given.")
                .about("Counts at once on every node. Disabling ends the app's sockets with 4003. `limits` and `webhooks` are replaced as a whole. Apps of the settings are changed there (`conflict`).")
                .part("id", text())
                .needs(Action::ManageApps)
                .takes_shape(parts_of_known())
                .answers(200, "As it is now.", shape("App"))
                .refuses(&["conflict"]),
            post("/api/v1/admin/apps/{id}/rotate", "rotate_app_secret", "Gives an app a new secret.")
                .about("What is signed with the old one is refused from now on; open sockets stay. The answer shows the secret, for the only time.")
                .part("id", text())
                .needs(Action::ManageApps)
                .answers(200, "With its new secret.", shape("App"))
                .refuses(&["conflict"]),
            post("/api/v1/admin/apps/{id}/console", "watch_app", "Lets every node tell what happens in an app, for a minute from now.")
                .about("Listen to `app.console` on the channel that is answered, and ask again before the minute is over. In the audit trail once per admin, app and day.")
                .part("id", text())
                .needs(Action::ManageApps)
                .answers(200, "Where the lines come, and until when.", object([("channel", text()), ("until", time())])),
            post("/api/v1/admin/apps/{id}/events", "send_app_event", "Publishes an event, as a backend of the app would.")
                .about("Held to the rules of `POST /apps/{app_id}/events`, the rate too. The audit trail keeps channels and name, not the data.")
                .part("id", text())
                .needs(Action::ManageApps)
                .takes_shape(object([
                    ("channels", about(list(text()), "1 to 100.")),
                    ("name", text_of(1, 200)),
                    ("data", about(anything(), "Text as it is; other JSON as its text.")),
                ]))
                .answers(200, "Published.", object([]))
                .refuses(&["apps.disabled", "request.malformed", "request.too_large", "rate_limited"]),
            get("/api/v1/admin/apps/{id}/webhooks", "list_webhooks", "Tells how the webhooks of an app are doing.")
                .part("id", text())
                .needs(Action::ManageApps)
                .answers(200, "Every address that was used.", object([("items", list(shape("WebhookStanding"))), ("next", or_null(text()))])),
            get("/api/v1/admin/apps/{id}/dead-letters", "list_dead_letters", "Lists events that could not be delivered, newest first.")
                .part("id", text())
                .needs(Action::ManageApps)
                .in_pages()
                .answers(200, "A page.", page("DeadLetter", [])),
            post("/api/v1/admin/apps/{id}/dead-letters/replay", "replay_dead_letters", "Delivers dead letters again.")
                .about("At once, and for as long as new events; what fails again is a dead letter again. Without `ids`: all.")
                .part("id", text())
                .needs(Action::ManageApps)
                .takes_shape(object([("ids?", list(id()))]))
                .answers(200, "Back in their queues.", object([("replayed", count())])),
        ],
        shapes: vec![
            (
                "App",
                object([
                    ("id", about(text(), "A number as text.")),
                    ("name", text()),
                    ("key", text()),
                    ("source", one_of(&["settings", "database"])),
                    ("enabled", yes_no()),
                    ("client_events", yes_no()),
                    ("subscription_counts", yes_no()),
                    ("allowed_origins", list(text())),
                    ("limits", shape("AppLimits")),
                    ("webhooks", list(shape("Webhook"))),
                    ("created_at", or_null(time())),
                    ("updated_at", or_null(time())),
                    ("live", about(object([("connections", count()), ("channels", count())]), "In the whole cluster, right now.")),
                    ("secret?", about(text(), "Only in the answer that made it.")),
                ]),
            ),
            (
                "AppLimits",
                object([
                    ("connections?", about(count(), "Open sockets; 0: any number.")),
                    ("channels?", about(count(), "Occupied channels; 0: any number.")),
                    ("events_per_s?", about(count(), "Events published per second and node; 0: any number.")),
                    ("payload_bytes?", about(count(), "Largest data of one event, 1 to 102400.")),
                ]),
            ),
            (
                "ConsoleLine",
                object([
                    ("id", about(text(), "Unlike that of every other line.")),
                    ("at", time()),
                    ("node", about(text(), "The node that saw it.")),
                    ("kind", one_of(&LINES)),
                    ("channel", or_null(about(text(), "Several are listed with commas, ten at most."))),
                    ("event", or_null(text())),
                    ("socket_id", or_null(text())),
                    ("user_id", or_null(text())),
                    ("data", or_null(about(text(), "The first 500 characters of what was published; of `count` the number, of `api_refused` method and path."))),
                    ("bytes", or_null(about(count(), "Length of all of it."))),
                    ("code", or_null(about(count(), "Of a close or an error; the status of a refused request or a webhook."))),
                    ("reason", or_null(text())),
                ]),
            ),
            (
                "WebhookStanding",
                object([
                    ("url", text()),
                    ("waiting", about(count(), "Events that wait.")),
                    ("dead", about(count(), "Dead letters.")),
                    ("failures", about(count(), "Since the last success.")),
                    ("failing_since", or_null(time())),
                    ("next_try_at", or_null(time())),
                    ("last_error", or_null(text())),
                ]),
            ),
            (
                "DeadLetter",
                object([
                    ("id", id()),
                    ("url", text()),
                    ("event", about(anything(), "As it stands in `events` of the body.")),
                    ("attempts", count()),
                    ("created_at", time()),
                    ("died_at", time()),
                    ("reason", about(text(), "Why the last attempt failed.")),
                ]),
            ),
            (
                "Webhook",
                object([
                    ("url", text_of(1, 500)),
                    ("events", list(one_of(&EVENTS))),
                    ("channel_prefix?", about(text_of(0, 200), "Only channels whose names begin so.")),
                ]),
            ),
        ],
        events: vec![Event {
            event: DeskEvent::AppConsole,
            meaning: "What happened in a connected app, while an admin watches it; at most one per 100 ms and node, with at most 50 lines.",
            data: object([("lines", list(shape("ConsoleLine"))), ("skipped", about(count(), "How many lines there were beside these."))]).into(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::console::LineKind;
    use serde_json::json;

    #[test]
    fn every_kind_of_line_is_described() {
        assert_eq!(LineKind::ALL.map(|kind| json!(kind)), LINES.map(|name| json!(name)));
    }
}
