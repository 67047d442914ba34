//! The HTTP API of Pusher, for backends of connected apps.

use crate::domain::shape::Text;
use crate::http::{
    openapi::{
        Area,
        operation::{Operation, get, post},
    },
    resources::apps::backend_api::{ChannelListQuery, ChannelQuery, Nothing, Published, PublishedBatch},
};
use crate::{
    services::apps::backend_api::{ChannelList, ChannelState, ChannelUsers},
    wire::trigger::{RawBatch, RawEvent},
};

fn signed(operation: Operation) -> Operation {
    operation.part_of::<Text>("app_id").part_of::<Text>("user_id").for_everybody().refuses(&[
        "apps.not_signed",
        "apps.disabled",
        "request.malformed",
    ])
}

fn sends(operation: Operation) -> Operation {
    signed(operation).refuses(&["request.too_large", "request.timeout", "rate_limited", "unavailable"])
}

pub(super) fn area() -> Area {
    Area {
        name: "Pusher API",
        about: "What the server SDKs of Pusher call. Signed with the app's secret (`auth_key`, `auth_timestamp`, `auth_version`, `body_md5`, `auth_signature` in the query); clocks may differ by 600 s.",
        operations: vec![
            sends(post("/apps/{app_id}/events", "trigger", "Publishes an event."))
                .takes_as::<RawEvent<'_>>("application/json")
                .answers_with::<Published>(200, "Published."),
            sends(post("/apps/{app_id}/batch_events", "trigger_batch", "Publishes up to 10 events."))
                .takes_as::<RawBatch<'_>>("application/json")
                .answers_with::<PublishedBatch>(200, "Published."),
            signed(get("/apps/{app_id}/channels", "list_channels", "Lists the occupied channels."))
                .query_of::<ChannelListQuery>()
                .answers_with::<ChannelList>(200, "All of them."),
            signed(get("/apps/{app_id}/channels/{channel}", "read_channel", "Tells about one channel."))
                .query_of::<ChannelQuery>()
                .answers_with::<ChannelState>(200, "Also when nobody is there."),
            signed(get("/apps/{app_id}/channels/{channel}/users", "list_channel_users", "Lists the users of a presence channel."))
                .answers_with::<ChannelUsers>(200, "Also when nobody is there."),
            sends(post(
                "/apps/{app_id}/users/{user_id}/terminate_connections",
                "end_app_user",
                "Closes the sockets signed in as a user with 4009.",
            ))
            .answers_with::<Nothing>(200, "Closed."),
            sends(post("/users/{user_id}/terminate_connections", "end_app_user_by_key", "The same; the app is that of `auth_key`."))
                .answers_with::<Nothing>(200, "Closed."),
        ],
        events: Vec::new(),
    }
}
