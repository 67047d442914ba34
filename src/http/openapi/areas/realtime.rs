//! Sockets, missed events, and the signing endpoints of Pusher clients.

use crate::{
    domain::shape::Text,
    http::{
        openapi::{
            Area,
            operation::{Operation, get, post},
        },
        resources::live::{
            channel_access::{ChannelAuthBody, UserAuthBody},
            sync::SyncQuery,
        },
    },
    services::live::{
        channel_access::{ChannelAuth, RealtimeInfo, UserAuth},
        sync::SyncAnswer,
    },
};

pub(super) fn area() -> Area {
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
                .takes_as::<Vec<String>>("application/json")
                .answers_nothing(204, "Taken, in order.")
                .refuses(&["not_found", "request.malformed", "request.too_large", "request.timeout", "rate_limited"]),
            get("/api/v1/realtime", "describe_realtime", "Tells what to listen to, and where the log stands.").answers_with::<RealtimeInfo>(200, "Key, channels, and the newest position."),
            get("/api/v1/sync", "sync", "Gives the durable events behind a cursor, in order, at most 200.")
                .query_of::<SyncQuery>()
                .answers_with::<SyncAnswer>(200, "What was missed."),
            sign_channel("/broadcasting/auth", "authorise_channel"),
            sign_channel("/pusher/auth", "authorise_channel_pusher"),
            sign_user("/broadcasting/user-auth", "authorise_user"),
            sign_user("/pusher/user-auth", "authorise_user_pusher"),
        ],
        events: Vec::new(),
    }
}

fn sign_channel(path: &'static str, name: &'static str) -> Operation {
    post(path, name, "Signs a channel of the built-in app for a socket.")
        .about("Form or JSON. With `channel_name[]` (JSON: a list) the answer is a map from channel to proof, null where refused; at most 100.")
        .takes_as::<ChannelAuthBody>("application/x-www-form-urlencoded")
        .answers_with::<ChannelAuth>(200, "The proof.")
        .refuses(&["access.denied", "request.too_large"])
}

fn sign_user(path: &'static str, name: &'static str) -> Operation {
    post(path, name, "Signs a socket as this user's (`pusher:signin`).")
        .takes_as::<UserAuthBody>("application/x-www-form-urlencoded")
        .takes_as::<UserAuthBody>("application/json")
        .answers_with::<UserAuth>(200, "The proof.")
        .refuses(&["request.too_large"])
}

fn over_http(path: &'static str, name: &'static str, summary: &'static str) -> Operation {
    post(path, name, summary)
        .about("What pusher-js asks for where WebSockets are blocked (`enabledTransports` with `xhr_streaming`, `xhr_polling`). `server` is a number up to 999 and `session` a random word, both of \
            the client. Lines: `o{}` opens, `a[…]` frames, `h` sign of life, `c[code,\"reason\"]` close. Any page may ask, without credentials.")
        .for_everybody()
        .answers_as::<Text>(200, "Lines.", "application/javascript")
        .refuses(&["not_found"])
}
