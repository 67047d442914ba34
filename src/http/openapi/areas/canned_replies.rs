//! Prepared answers behind `/`.

use crate::http::{
    input::page::Items,
    openapi::{
        Area,
        operation::{delete, get, patch, post},
    },
    resources::canned_replies::{AddBody, CannedReplyEditBody},
};
use crate::{domain::access::Action, services::conversations::CannedReplyItem};

pub(super) fn area() -> Area {
    Area {
        name: "Prepared answers",
        about: "What a counsellor types behind `/`: the own ones and the school's.",
        operations: vec![
            get("/api/v1/canned-replies", "list_canned_replies", "Lists the school's prepared answers and the own ones, by shortcut.")
                .needs(Action::ManageCannedReplies)
                .answers_with::<Items<CannedReplyItem>>(200, "All of them."),
            post("/api/v1/canned-replies", "add_canned_reply", "Adds a prepared answer.")
                .about("A second one with the same shortcut and owner is 409 `conflict`.")
                .needs(Action::ManageCannedReplies)
                .idempotent()
                .takes::<AddBody>()
                .answers_with::<CannedReplyItem>(201, "Added."),
            patch("/api/v1/canned-replies/{id}", "change_canned_reply", "Changes what is given.")
                .about("The school's and the own ones; others' answer 404.")
                .needs(Action::ManageCannedReplies)
                .takes::<CannedReplyEditBody>()
                .answers_with::<CannedReplyItem>(200, "As it is now.")
                .refuses(&["conflict"]),
            delete("/api/v1/canned-replies/{id}", "delete_canned_reply", "Removes a prepared answer.")
                .needs(Action::ManageCannedReplies)
                .answers_nothing(204, "Gone."),
        ],
        events: Vec::new(),
    }
}
