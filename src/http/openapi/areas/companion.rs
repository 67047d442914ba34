//! The AI companion: threads, answers that grow, hand-over.

use crate::http::{
    input::page::{Page, PageQuery},
    openapi::{
        Area, Event,
        operation::{Operation, delete, get, patch, post},
    },
    resources::companion::{AskBody, AskedBody, BeforeQuery, HandOverBody, RegeneratedBody, RenameBody, SummaryBody, ThreadBody},
};
use crate::{
    domain::{access::Action, companion::AnswerStatus},
    services::companion::{
        AnswerItem, BookingDraft, CompanionDelta, CompanionEnded, CompanionInfo, CompanionStarted, NewChat, ThreadItem, ThreadView,
    },
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Companion",
        about: "Students ask, an answer grows in numbered frames on all their devices. Help comes before everything, limits included.",
        operations: vec![
            info(),
            get("/api/v1/companion/threads", "list_threads", "Lists the own threads, the one with the newest message first.")
                .needs(Action::UseCompanion)
                .query_of::<PageQuery>()
                .refuses(&["not_found"])
                .answers_with::<Page<ThreadItem>>(200, "A page."),
            post("/api/v1/companion/threads", "create_thread", "Begins a thread.")
                .needs(Action::UseCompanion)
                .takes::<ThreadBody>()
                .idempotent()
                .answers_with::<ThreadItem>(201, "Begun."),
            read_thread(),
            patch("/api/v1/companion/threads/{id}", "rename_thread", "Names a thread.")
                .needs(Action::UseCompanion)
                .takes::<RenameBody>()
                .answers_with::<ThreadItem>(200, "As it is now."),
            delete("/api/v1/companion/threads/{id}", "delete_thread", "Deletes a thread with all that was said in it.")
                .needs(Action::UseCompanion)
                .about("Warnings to counsellors stay. An answer that grows there ends without an event.")
                .answers_nothing(204, "Gone for good."),
            ask(),
            read_answer(),
            stop(),
            regenerate(),
            post("/api/v1/companion/threads/{id}/summary", "propose_summary", "Proposes a summary for a counsellor.")
                .needs(Action::UseCompanion)
                .about("Nothing is sent: the student edits it first. Counts as an answer of today when a model writes it; without one, or when it fails, it is made of the student's own lines.")
                .answers_with::<SummaryBody>(200, "The proposal."),
            hand_over(),
        ],
        events: events(),
    }
}

fn info() -> Operation {
    get("/api/v1/companion", "read_companion", "Tells who answers and how much is left.")
        .needs(Action::UseCompanion)
        .answers_with::<CompanionInfo>(200, "Now.")
}

fn read_thread() -> Operation {
    get("/api/v1/companion/threads/{id}", "read_thread", "Reads a thread with its newest messages.")
        .needs(Action::UseCompanion)
        .query_of::<BeforeQuery>()
        .answers_with::<ThreadView>(200, "The thread.")
}

fn ask() -> Operation {
    post("/api/v1/companion/threads/{id}/messages", "ask_companion", "Asks.")
        .needs(Action::UseCompanion)
        .about(
            "The answer grows in `companion.delta` events. A question that tells of danger is answered with the help card at once, also while another \
             answer grows and when the day's limit is reached.",
        )
        .takes::<AskBody>()
        .answers_with::<AskedBody>(202, "Asked.")
        .answers_with::<AskedBody>(200, "It was asked before; this is how it stands.")
        .refuses(&["companion.busy", "companion.client_id_reused", "companion.daily_limit", "conflict"])
}

fn read_answer() -> Operation {
    get("/api/v1/companion/messages/{id}", "read_answer", "Reads an answer, with what it says at this moment.")
        .needs(Action::UseCompanion)
        .about("Heals gaps: frames up to `seq` are part of `text`, the next one is `seq` + 1.")
        .answers_with::<AnswerItem>(200, "The answer.")
}

fn stop() -> Operation {
    post("/api/v1/companion/messages/{id}/stop", "stop_answer", "Ends an answer that grows.")
        .needs(Action::UseCompanion)
        .about("What it says stays. One that has ended is left as it is.")
        .answers_with::<AnswerItem>(200, "As it ended.")
}

fn regenerate() -> Operation {
    post("/api/v1/companion/messages/{id}/regenerate", "regenerate_answer", "Asks for another answer to the same question.")
        .needs(Action::UseCompanion)
        .about("Earlier ones are kept, see `versions`. While one to the question grows, that is the answer. Help cards have no other version (`conflict`).")
        .answers_with::<RegeneratedBody>(202, "It grows.")
        .refuses(&["companion.busy", "companion.daily_limit", "conflict"])
}

fn hand_over() -> Operation {
    post("/api/v1/companion/threads/{id}/hand-over", "hand_over", "Turns a thread into a chat with a counsellor, or into a booking.")
        .needs(Action::UseCompanion)
        .about("`chat`: the summary is the first message of a conversation that waits for a counsellor; a repeat sends nothing twice. `booking`: nothing is stored; at most 2,000 characters.")
        .takes::<HandOverBody>()
        .idempotent()
        .answers_with::<NewChat>(201, "The chat.")
        .answers_with::<BookingDraft>(200, "What the booking begins with.")
        .refuses(&["messages.client_id_reused", "conversations.closed", "conflict"])
}

fn events() -> Vec<Event> {
    let ended_well = [AnswerStatus::Done, AnswerStatus::Stopped, AnswerStatus::Interrupted].map(AnswerStatus::as_str);
    vec![
        Event::of::<CompanionStarted<'_>>(
            DeskEvent::CompanionStarted,
            "A question was asked, or another answer to it begun, on any device.",
        ),
        Event::of::<CompanionDelta<'_>>(
            DeskEvent::CompanionDelta,
            "An answer grew. At most one per 40 ms; a gap in `seq` is healed by reading the answer.",
        ),
        Event::of::<CompanionEnded<'_>>(DeskEvent::CompanionDone, "An answer ended: it is complete, was stopped, or the server went away.")
            .with_only("status", &ended_well),
        Event::of::<CompanionEnded<'_>>(DeskEvent::CompanionFailed, "An answer ended because the provider failed.")
            .with_only("status", &[AnswerStatus::Failed.as_str()]),
    ]
}
