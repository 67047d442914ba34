//! The connected Pusher apps.

use crate::domain::shape::Text;
use crate::http::{
    input::page::{Page, PageQuery},
    openapi::{
        Area, Event,
        operation::{get, patch, post},
        shape::Shape,
    },
    resources::apps::{
        backend_api::Nothing,
        console::NewEvent,
        dead_letters::{Replay, Replayed},
    },
};
use crate::{
    domain::access::Action,
    services::apps::{
        console::OpenConsole,
        dead_letters::{DeadLetterItem, WebhookItem},
        manage::AppPatch,
        view::AppItem,
    },
    wire::{console::ConsoleData, desk_event::DeskEvent},
};

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    Area {
        name: "Connected apps",
        about: "Pusher apps of the school's other systems: they publish through `/apps/{id}` and their clients listen on `/app/{key}`.",
        operations: vec![
            get("/api/v1/admin/apps", "list_apps", "Lists all apps, those of the settings first.")
                .needs(Action::ManageApps)
                .answers_with::<Page<AppItem>>(200, "All of them."),
            post("/api/v1/admin/apps", "create_app", "Makes an app.")
                .about("The answer shows the secret, for the only time: a repeat under the same `Idempotency-Key` does not.")
                .needs(Action::ManageApps)
                .idempotent()
                .takes_shape(Shape::fields::<AppPatch>().requires("name").without("updated_at"))
                .answers_with::<AppItem>(201, "Made."),
            get("/api/v1/admin/apps/{id}", "read_app", "Gives one app.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .answers_with::<AppItem>(200, "The app."),
            patch("/api/v1/admin/apps/{id}", "change_app", "Changes what is given.")
                .about("Counts at once on every node. Disabling ends the app's sockets with 4003. `limits` and `webhooks` are replaced as a whole. Apps of the settings are changed there (`conflict`).")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .takes::<AppPatch>()
                .answers_with::<AppItem>(200, "As it is now.")
                .refuses(&["conflict"]),
            post("/api/v1/admin/apps/{id}/rotate", "rotate_app_secret", "Gives an app a new secret.")
                .about("What is signed with the old one is refused from now on; open sockets stay. The answer shows the secret, for the only time.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .answers_with::<AppItem>(200, "With its new secret.")
                .refuses(&["conflict"]),
            post("/api/v1/admin/apps/{id}/console", "watch_app", "Lets every node tell what happens in an app, for a minute from now.")
                .about("Listen to `app.console` on the channel that is answered, and ask again before the minute is over. Of the built-in app, `educounsel`, it shows refused joins only. In the audit trail once per admin, app and day.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .answers_with::<OpenConsole>(200, "Where the lines come, and until when."),
            post("/api/v1/admin/apps/{id}/events", "send_app_event", "Publishes an event, as a backend of the app would.")
                .about("Held to the rules of `POST /apps/{app_id}/events`, the rate too. The audit trail keeps channels and name, not the data.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .takes::<NewEvent>()
                .answers_with::<Nothing>(200, "Published.")
                .refuses(&["apps.disabled", "request.malformed", "request.too_large", "rate_limited"]),
            get("/api/v1/admin/apps/{id}/webhooks", "list_webhooks", "Tells how the webhooks of an app are doing.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .answers_with::<Page<WebhookItem>>(200, "Every address that was used."),
            get("/api/v1/admin/apps/{id}/dead-letters", "list_dead_letters", "Lists events that could not be delivered, newest first.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .query_of::<PageQuery>()
                .answers_with::<Page<DeadLetterItem>>(200, "A page."),
            post("/api/v1/admin/apps/{id}/dead-letters/replay", "replay_dead_letters", "Delivers dead letters again.")
                .about("At once, and for as long as new events; what fails again is a dead letter again. Without `ids`: all.")
                .part_of::<Text>("id")
                .needs(Action::ManageApps)
                .takes::<Replay>()
                .answers_with::<Replayed>(200, "Back in their queues."),
        ],
        events: vec![Event::of::<ConsoleData<'_>>(
            DeskEvent::AppConsole,
            "What happened in a connected app, while an admin watches it; at most one per 100 ms and node, with at most 50 lines.",
        )],
    }
}
