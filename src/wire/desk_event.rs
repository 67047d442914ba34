//! Owns the events of the built-in app: their names, their channels, and which of them are rows of
//! the log. Called by every publisher of such an event, by the description of the API
//! (`http/openapi`), and by the code that looks for an event in the log. The shapes of the data are
//! in that description. Invariants:
//!
//! - A new event is one line of the table; `ALL` is made from the table.
//! - A test names an event that the description lacks.

use crate::domain::ids::ConversationId;
use serde::Deserialize;

/// Says whether an event has a row in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A row of the log: the data carries `id` and `cursor`, and `/sync` returns it to a client
    /// that was away.
    Durable,
    /// Published once, to the sockets that are connected.
    Passing,
}

/// A kind of channel of the built-in app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskChannel {
    /// The channel of one user, on all devices.
    User,
    /// The channels of all roles.
    EachRole,
    /// The channels of the roles that the event is for.
    SomeRole,
    /// The channel of the counsellors.
    Counsellors,
    /// The channel of a conversation.
    Conversation,
    /// The channel of the counsellors' duty status.
    CounsellorStatus,
    /// The channel of the free slots of a counsellor.
    Slots,
    /// The channel of the console of a connected app.
    AppConsole,
}

impl DeskChannel {
    /// Returns the names of the channels of this kind, with placeholders for ids.
    #[must_use]
    pub const fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::User => &["private-user.{id}"],
            Self::EachRole => &["private-role.student", "private-role.counsellor", "private-role.admin"],
            Self::SomeRole => &["private-role.{role}"],
            Self::Counsellors => &["private-role.counsellor"],
            Self::Conversation => &["presence-conversation.{id}"],
            Self::CounsellorStatus => &["private-counsellors.status"],
            Self::Slots => &["private-slots.{counsellor_id}"],
            Self::AppConsole => &["private-app-console.{id}"],
        }
    }
}

macro_rules! desk_events {
    ($($(#[$doc:meta])* $event:ident = $name:literal, $delivery:ident on $($channel:ident)and+;)+) => {
        /// An event that sockets of the built-in app receive.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DeskEvent {
            $($(#[$doc])* $event,)+
        }

        impl DeskEvent {
            /// All events.
            pub const ALL: &[Self] = &[$(Self::$event,)+];

            /// Returns the name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$event => $name,)+ }
            }

            /// Returns whether the event has a row in the log.
            #[must_use]
            pub const fn delivery(self) -> Delivery {
                match self { $(Self::$event => Delivery::$delivery,)+ }
            }

            /// Returns the kinds of channels on which the event is published.
            #[must_use]
            pub const fn channels(self) -> &'static [DeskChannel] {
                match self { $(Self::$event => &[$(DeskChannel::$channel,)+],)+ }
            }
        }
    };
}

desk_events! {
    /// The login behind the socket ended; the socket closes right after.
    SessionEnded = "session.ended", Passing on User;
    /// A material was published, changed or deleted.
    MaterialChanged = "material.changed", Passing on EachRole;
    /// A counsellor's duty status changed.
    CounsellorStatus = "counsellor.status", Passing on CounsellorStatus;
    /// The free slots of a counsellor changed.
    SlotsChanged = "slots.changed", Passing on Slots;
    /// An appointment was made or changed.
    AppointmentChanged = "appointment.changed", Durable on User;
    /// A conversation of the member changed. The changes `message` and `read` alone have no row.
    ConversationChanged = "conversation.changed", Durable on User;
    /// The number of waiting students changed.
    QueueChanged = "queue.changed", Passing on Counsellors;
    /// A message was sent.
    MessageCreated = "message.created", Durable on Conversation;
    /// A message was edited or taken back.
    MessageChanged = "message.changed", Durable on Conversation;
    /// A member received or read more messages.
    MessageRead = "message.read", Passing on Conversation;
    /// The other side is typing. This is the only client event that the built-in app passes on.
    Typing = "client-typing", Passing on Conversation;
    /// The student asked a question and its answer begins; for all devices of the student.
    CompanionStarted = "companion.started", Passing on User;
    /// An answer grew.
    CompanionDelta = "companion.delta", Passing on User;
    /// An answer ended: done, stopped or interrupted.
    CompanionDone = "companion.done", Durable on User;
    /// An answer failed.
    CompanionFailed = "companion.failed", Durable on User;
    /// A student may be in danger; for staff.
    RiskRaised = "risk.raised", Durable on User and SomeRole;
    /// A warning changed; for staff.
    RiskChanged = "risk.changed", Durable on User and SomeRole;
    /// A notice is new; the row has the notice's id.
    NoticeCreated = "notice.created", Durable on User and EachRole;
    /// The read state of a notice changed on one of the user's devices.
    NoticeState = "notice.state", Passing on User;
    /// Lines of the console of a connected app, while an admin watches it.
    AppConsole = "app.console", Passing on AppConsole;
}

/// The `change` that tells a counsellor that the conversation is no longer theirs.
pub const LEFT_CONVERSATION: &str = "left";

/// Returns the conversation that the addressee of a durable event has just lost; `None` for every
/// other event.
#[must_use]
pub fn conversation_left(event: &str, data_text: &str) -> Option<ConversationId> {
    #[derive(Deserialize)]
    struct Changed<'a> {
        change: &'a str,
        conversation_id: ConversationId,
    }
    if event != DeskEvent::ConversationChanged.name() {
        return None;
    }
    let changed: Changed<'_> = serde_json::from_str(data_text).ok()?;
    (changed.change == LEFT_CONVERSATION).then_some(changed.conversation_id)
}

/// Returns the JSON object `data_text` with `id` and `cursor` put in front; both are known only
/// once the row has its position. The text is spliced, because parsing and writing it again would
/// cost more and could change it. The data must not have keys of these names, or the result would
/// have them twice.
#[must_use]
pub fn durable_data(id: &str, cursor: i64, data_text: &str) -> String {
    let rest = data_text.trim().strip_prefix('{').unwrap_or("}");
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!(r#"{{"id":"{id}","cursor":"{cursor}"{comma}{rest}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_events_have_one_name() {
        let names: HashSet<&str> = DeskEvent::ALL.iter().map(|event| event.name()).collect();
        assert_eq!(names.len(), DeskEvent::ALL.len());
    }

    #[test]
    fn only_a_loss_names_the_conversation_that_was_left() {
        let id = ConversationId::generate();
        let data = |change: &str| format!(r#"{{"change":"{change}","conversation":null,"conversation_id":"{id}"}}"#);
        assert_eq!(conversation_left("conversation.changed", &data("left")), Some(id));
        assert_eq!(conversation_left("conversation.changed", &data("closed")), None);
        assert_eq!(conversation_left("message.created", &data("left")), None);
        assert_eq!(conversation_left("conversation.changed", "{}"), None);
    }

    #[test]
    fn id_and_cursor_stand_in_front_of_the_data() {
        assert_eq!(durable_data("a", 7, r#"{"kind":"x"}"#), r#"{"id":"a","cursor":"7","kind":"x"}"#);
        assert_eq!(durable_data("a", 7, "{ }"), r#"{"id":"a","cursor":"7" }"#);
        assert_eq!(durable_data("a", 7, "null"), r#"{"id":"a","cursor":"7"}"#);
    }
}
