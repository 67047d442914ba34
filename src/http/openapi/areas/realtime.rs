//! Sockets, what was missed, and the signing endpoints of Pusher clients.

use crate::http::openapi::{
    Area,
    operation::{get, post},
    schema::{about, anything, cursor, id, list, object, shape, text, yes_no},
};

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    let sign = |path, name| {
        post(path, name, "Signs a channel of the built-in app for a socket.")
            .about("Form or JSON. With `channel_name[]` (JSON: a list) the answer is a map from channel to proof, null where refused; at most 100.")
            .takes_as("application/x-www-form-urlencoded", object([("socket_id", text()), ("channel_name", text())]))
            .answers(200, "The proof.", shape("ChannelProof"))
            .refuses(&["access.denied", "request.too_large"])
    };
    let sign_user = |path, name| {
        post(path, name, "Signs a socket as this user's (`pusher:signin`).")
            .takes_as("application/x-www-form-urlencoded", object([("socket_id", text())]))
            .takes_as("application/json", object([("socket_id", text())]))
            .answers(200, "The proof.", object([("auth", text()), ("user_data", about(text(), "JSON text."))]))
            .refuses(&["request.too_large"])
    };
    let over_http = |path, name, summary| {
        post(path, name, summary)
            .about("What pusher-js asks for where WebSockets are blocked (`enabledTransports` with `xhr_streaming`, `xhr_polling`). `server` is a number up to 999 and `session` a random word, both of \
                the client. Lines: `o{}` opens, `a[…]` frames, `h` sign of life, `c[code,\"reason\"]` close. Any page may ask, without credentials.")
            .for_everybody()
            .answers_as(200, "Lines.", "application/javascript", text())
            .refuses(&["not_found"])
    };
    Area {
        name: "Real time",
        about: "The server speaks Pusher Channels 7 on `/app/{key}`; any Pusher client can listen. Events are listed below.",
        operations: vec![
            get("/app/{key}", "open_socket", "Opens a WebSocket of the app with this key.")
                .about("Pusher Channels 7. With a valid session the socket of the built-in app is that user and joins its channels without a signature.")
                .for_everybody()
                .answers_nothing(101, "A WebSocket.")
                .refuses(&["request.upgrade_required"]),
            over_http("/pusher/app/{key}/{server}/{session}/xhr_streaming", "stream_frames", "Brings the frames of a socket over HTTP, without an end."),
            over_http("/pusher/app/{key}/{server}/{session}/xhr", "poll_frames", "Brings the frames there are, or the first that come, and ends."),
            post("/pusher/app/{key}/{server}/{session}/xhr_send", "send_frames", "Takes the frames a client sends.")
                .about("A list of texts, each a frame; an empty list is a sign of life. 404: this node does not know the session.")
                .for_everybody()
                .takes_as("application/json", list(text()))
                .answers_nothing(204, "Taken, in order.")
                .refuses(&["not_found", "request.malformed", "request.too_large", "request.timeout", "rate_limited"]),
            get("/api/v1/realtime", "describe_realtime", "Tells what to listen to, and where the log stands.").answers(
                200,
                "Key, channels, and the newest position.",
                object([("key", text()), ("channels", list(text())), ("cursor", cursor()), ("school", object([("zone", about(text(), "IANA zone."))]))]),
            ),
            get("/api/v1/sync", "sync", "Gives the durable events behind a cursor, in order, at most 200.")
                .query("after", cursor(), "The cursor of the last event seen, or of `/realtime`. Without it: from the start of the retention.")
                .answers(
                    200,
                    "What was missed.",
                    object([
                        ("reset?", about(yes_no(), "True when the cursor is out of reach: load the lists again.")),
                        ("events", list(shape("SyncEvent"))),
                        ("cursor", about(cursor(), "`after` of the next request.")),
                        ("more", about(yes_no(), "Ask again at once.")),
                    ]),
                ),
            sign("/broadcasting/auth", "authorise_channel"),
            sign("/pusher/auth", "authorise_channel_pusher"),
            sign_user("/broadcasting/user-auth", "authorise_user"),
            sign_user("/pusher/user-auth", "authorise_user_pusher"),
        ],
        shapes: vec![
            ("SyncEvent", object([("id", id()), ("event", text()), ("data", about(anything(), "As the socket would have brought it."))])),
            (
                "ChannelProof",
                object([
                    ("auth", about(text(), "`key:signature`")),
                    ("channel_data?", about(text(), "JSON text with the member, on presence channels.")),
                ]),
            ),
        ],
        events: Vec::new(),
    }
}
