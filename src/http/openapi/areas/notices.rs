//! Notices: the bell.

use crate::http::{
    openapi::{
        Area, Event,
        operation::{get, post},
    },
    resources::notices::NoticeListQuery,
};
use crate::{
    services::notices::{NoticeContent, NoticePage, NoticeState, UnreadCount},
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Notices",
        about: "What a user should hear of. The badge is the server's `unread_count`, equal on all devices.",
        operations: vec![
            get("/api/v1/notices", "list_notices", "Lists one's notices, newest first.")
                .query_of::<NoticeListQuery>()
                .header("Accept-Language", "Language of title and body: `id` (default) or `en`.")
                .answers_with::<NoticePage>(200, "A page."),
            post("/api/v1/notices/read-all", "read_all_notices", "Marks all one's notices read.")
                .answers_with::<UnreadCount>(200, "What is left."),
            post("/api/v1/notices/{id}/read", "read_notice", "Marks one notice read.").answers_with::<UnreadCount>(200, "What is left."),
        ],
        events: vec![
            Event::of::<NoticeContent>(
                DeskEvent::NoticeCreated,
                "There is a new notice. Title and body are Indonesian; `texts` has both languages. Drop repeated ids.",
            ),
            Event::of::<NoticeState>(DeskEvent::NoticeState, "A read state changed on one of the user's devices."),
        ],
    }
}
