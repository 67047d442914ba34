//! Warnings about students, the help card, and the hotlines on it.

use crate::http::{
    input::page::Items,
    openapi::{
        Area, Event,
        operation::{get, post, put},
    },
    resources::{
        alerts::{AlertListQuery, OpenedChat},
        help::HotlinesBody,
    },
};
use crate::{
    domain::{access::Action, risk::hotline::Hotline},
    services::{
        alerts::{AlertItem, AlertPage, RiskChanged, RiskRaised},
        help::HelpCard,
    },
    wire::desk_event::DeskEvent,
};

const RAISED: &str = "A student may be in danger: to the counsellors on duty (all, when nobody is), and to all counsellors and admins when nobody acknowledged in 5 minutes.";
const CHANGED: &str = "A warning came or changed: move the list. A concern (level 2) comes as this only.";

pub(super) fn area() -> Area {
    Area {
        name: "Safety",
        about: "Warnings about students who may be in danger, and the help card. Students are never shown a level or a warning.",
        operations: vec![
            get("/api/v1/help", "read_help_card", "Tells what to do now and who can be called.")
                .about("In the language of `Accept-Language`. May be kept for 5 minutes. There when the database is not.")
                .for_everybody()
                .answers_with::<HelpCard>(200, "The card."),
            get("/api/v1/alerts", "list_alerts", "Lists warnings, newest first.")
                .about("Every viewer is noted in the audit trail. Admins get `excerpt` null.")
                .needs(Action::SeeAlerts)
                .query_of::<AlertListQuery>()
                .answers_with::<AlertPage>(200, "A page."),
            post("/api/v1/alerts/{id}/acknowledge", "acknowledge_alert", "Takes a warning up; its clock stops.")
                .about("The first one counts; a repeat, or a colleague's, gets the same item.")
                .needs(Action::AcknowledgeAlerts)
                .answers_with::<AlertItem>(200, "As it is now.")
                .refuses(&["conflict"]),
            post("/api/v1/alerts/{id}/chat", "chat_about_alert", "Opens or finds the own conversation with the student, and acknowledges.")
                .about("409 `conflict` when the student's account is closed.")
                .needs(Action::ChatAboutAlerts)
                .answers_with::<OpenedChat>(200, "The conversation.")
                .refuses(&["conflict"]),
            get("/api/v1/admin/hotlines", "list_hotlines", "Lists the hotlines of the help card in both languages.")
                .needs(Action::ManageHotlines)
                .answers_with::<Items<Hotline>>(200, "In their order."),
            put("/api/v1/admin/hotlines", "put_hotlines", "Puts a list of 1 to 12 hotlines in the place of the present one.")
                .about("What is wrong is told under `items`, with the number of the entry (from 1) in `message`.")
                .needs(Action::ManageHotlines)
                .takes::<HotlinesBody>()
                .answers_with::<Items<Hotline>>(200, "As it is now."),
        ],
        events: vec![Event::of::<RiskRaised>(DeskEvent::RiskRaised, RAISED), Event::of::<RiskChanged>(DeskEvent::RiskChanged, CHANGED)],
    }
}
