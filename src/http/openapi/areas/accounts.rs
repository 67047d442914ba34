//! Signing in and out, and one's own sessions.

use crate::http::openapi::{
    Area, Event,
    operation::{delete, get, post},
    schema::{about, id, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;

pub(super) fn area() -> Area {
    Area {
        name: "Accounts",
        about: "Signing in and out, and a user's own sessions.",
        operations: vec![
            post("/api/v1/auth/login", "log_in", "Signs in.")
                .about(
                    "Sets the session cookie, and the cookie of the device: a browser that brings it back is not slowed down by other people's \
                     failures. Unknown name, wrong password and disabled account are one answer.",
                )
                .for_everybody()
                .takes_shape(object([
                    ("login", text_of(1, 64)),
                    ("password", text_of(1, 200)),
                    ("token?", about(yes_no(), "Whether the answer should carry a bearer token, for programs.")),
                ]))
                .answers(200, "Signed in.", object([("user", shape("User")), ("token?", about(text(), "Bearer token."))]))
                .refuses(&["auth.invalid_credentials", "auth.too_many_attempts", "auth.cross_site"]),
            post("/api/v1/auth/logout", "log_out", "Signs out: the session and its sockets end.").answers_nothing(204, "Signed out."),
            get("/api/v1/auth/me", "who_am_i", "Tells who is signed in.").answers(200, "You.", object([("user", shape("User"))])),
            get("/api/v1/auth/sessions", "list_sessions", "Lists one's own sessions, newest first.").answers(
                200,
                "All of them.",
                page("Session", []),
            ),
            delete("/api/v1/auth/sessions/{id}", "revoke_session", "Ends one of one's own sessions and its sockets.")
                .answers_nothing(204, "Ended."),
        ],
        shapes: vec![
            ("Role", one_of(&["student", "counsellor", "admin"])),
            ("User", object([("id", id()), ("login", text()), ("name", text()), ("role", shape("Role"))])),
            (
                "Session",
                object([
                    ("id", id()),
                    ("created_at", time()),
                    ("last_seen_at", time()),
                    ("expires_at", time()),
                    ("user_agent", or_null(text())),
                    ("address", or_null(text())),
                    ("current", about(yes_no(), "Whether it is the one that asks.")),
                ]),
            ),
        ],
        events: vec![Event {
            event: DeskEvent::SessionEnded,
            meaning: "The session behind the socket ended; the socket closes with 4009 right after.",
            data: object([
                ("session_id", about(or_null(id()), "Null: all sessions of the account.")),
                ("reason", one_of(&["logout", "revoked", "disabled", "expired"])),
            ]).into(),
        }],
    }
}
