//! Prepared answers behind `/`.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area,
    operation::{delete, get, patch, post},
    schema::{about, id, list, object, one_of, shape, text, text_of},
};

pub(super) fn area() -> Area {
    let shortcut = || about(text_of(1, 32), "Of `a-z 0-9 -`.");
    let scope = "`school`: everybody's, written by counsellors and admins. `own`: a counsellor's.";
    Area {
        name: "Prepared answers",
        about: "What a counsellor types behind `/`: the own ones and the school's.",
        operations: vec![
            get("/api/v1/canned-replies", "list_canned_replies", "Lists the school's prepared answers and the own ones, by shortcut.")
                .needs(Action::ManageCannedReplies)
                .answers(200, "All of them.", object([("items", list(shape("CannedReply")))])),
            post("/api/v1/canned-replies", "add_canned_reply", "Adds a prepared answer.")
                .about("A second one with the same shortcut and owner is 409 `conflict`.")
                .needs(Action::ManageCannedReplies)
                .idempotent()
                .takes_shape(object([("shortcut", shortcut()), ("body", text_of(1, 2_000)), ("scope", about(shape("CannedScope"), scope))]))
                .answers(201, "Added.", shape("CannedReply")),
            patch("/api/v1/canned-replies/{id}", "change_canned_reply", "Changes what is given.")
                .about("The school's and the own ones; others' answer 404.")
                .needs(Action::ManageCannedReplies)
                .takes_shape(object([("shortcut?", shortcut()), ("body?", text_of(1, 2_000))]))
                .answers(200, "As it is now.", shape("CannedReply"))
                .refuses(&["conflict"]),
            delete("/api/v1/canned-replies/{id}", "delete_canned_reply", "Removes a prepared answer.")
                .needs(Action::ManageCannedReplies)
                .answers_nothing(204, "Gone."),
        ],
        shapes: vec![
            ("CannedScope", one_of(&["own", "school"])),
            ("CannedReply", object([("id", id()), ("shortcut", text()), ("body", text()), ("scope", shape("CannedScope"))])),
        ],
        events: Vec::new(),
    }
}
