//! Signing in and out, and one's own sessions.

use crate::http::{
    input::page::Page,
    openapi::{
        Area, Event,
        operation::{delete, get, post},
    },
    resources::accounts::sign_in::{LoginBody, Myself, SignInBody, SignedIn},
};
use crate::{services::live::port::SessionEnded, wire::desk_event::DeskEvent};

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
                .takes::<SignInBody>()
                .answers_with::<SignedIn>(200, "Signed in.")
                .refuses(&["auth.invalid_credentials", "auth.too_many_attempts", "auth.cross_site"]),
            post("/api/v1/auth/logout", "log_out", "Signs out: the session and its sockets end.").answers_nothing(204, "Signed out."),
            get("/api/v1/auth/me", "who_am_i", "Tells who is signed in.").answers_with::<Myself>(200, "You."),
            get("/api/v1/auth/sessions", "list_sessions", "Lists one's own sessions, newest first.").answers_with::<Page<LoginBody>>(200, "All of them."),
            delete("/api/v1/auth/sessions/{id}", "revoke_session", "Ends one of one's own sessions and its sockets.")
                .answers_nothing(204, "Ended."),
        ],
        events: vec![Event::of::<SessionEnded>(
            DeskEvent::SessionEnded,
            "The session behind the socket ended; the socket closes with 4009 right after.",
        )],
    }
}
