//! The events of the built-in app: owns what each is called, on which channels it comes, and whether it has a row in the log. Called by whoever
//! publishes one, by the description of the API (`http/openapi`), and by who looks for one in the log. A new event is one line of the table: `ALL` is made
//! from it, and a test of the description names the event that nobody described. The shape of the data is in that description.

use crate::domain::ids::ConversationId;
use serde::Deserialize;

/// Whether an event outlives its publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A row of the log: the data carries `id` and `cursor`, and `/sync` gives it to who was away.
    Durable,
    /// Published once, to who is there.
    Passing,
}

/// A kind of channel of the built-in app, on which events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskChannel {
    /// The devices of a user.
    User,
    /// All users of a role, each role on its own.
    EachRole,
    /// All users of the roles that the event is for.
    SomeRole,
    /// All counsellors.
    Counsellors,
    /// The members of a conversation.
    Conversation,
    /// Who wants to know which counsellors are there.
    CounsellorStatus,
    /// Who looks at the free times of a counsellor.
    Slots,
    /// Admins who watch a connected app.
    AppConsole,
}

impl DeskChannel {
    /// Returns the names of its channels, with placeholders for ids.
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
        /// An event that sockets of the built-in app hear.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DeskEvent {
            $($(#[$doc])* $event,)+
        }

        impl DeskEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$event,)+];

            /// Returns the name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$event => $name,)+ }
            }

            /// Returns whether it has a row in the log.
            #[must_use]
            pub const fn delivery(self) -> Delivery {
                match self { $(Self::$event => Delivery::$delivery,)+ }
            }

            /// Returns where it comes.
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
    /// A counsellor came, went, or is busy.
    CounsellorStatus = "counsellor.status", Passing on CounsellorStatus;
    /// What can be booked with a counsellor changed.
    SlotsChanged = "slots.changed", Passing on Slots;
    /// An appointment was made or changed.
    AppointmentChanged = "appointment.changed", Durable on User;
    /// Tells a member what became of a conversation. The changes `message` and `read` alone have no row.
    ConversationChanged = "conversation.changed", Durable on User;
    /// The number of waiting students changed.
    QueueChanged = "queue.changed", Passing on Counsellors;
    /// A message was sent.
    MessageCreated = "message.created", Durable on Conversation;
    /// A message was edited or taken back.
    MessageChanged = "message.changed", Durable on Conversation;
    /// The marks of a member rose.
    MessageRead = "message.read", Passing on Conversation;
    /// The other side is typing: a client event, the only one that the built-in app passes on.
    Typing = "client-typing", Passing on Conversation;
    /// Brings a new question and its answer to the student's devices.
    CompanionStarted = "companion.started", Passing on User;
    /// An answer grew.
    CompanionDelta = "companion.delta", Passing on User;
    /// An answer ended well, or was stopped or interrupted.
    CompanionDone = "companion.done", Durable on User;
    /// An answer failed.
    CompanionFailed = "companion.failed", Durable on User;
    /// Calls staff: a student may be in danger.
    RiskRaised = "risk.raised", Durable on User and SomeRole;
    /// Tells staff what became of a warning.
    RiskChanged = "risk.changed", Durable on User and SomeRole;
    /// Announces a notice; the row has the notice's id.
    NoticeCreated = "notice.created", Durable on User and EachRole;
    /// A read state changed on one of the user's devices.
    NoticeState = "notice.state", Passing on User;
    /// What happened in a connected app, while an admin watches it.
    AppConsole = "app.console", Passing on AppConsole;
}

/// The change that tells a counsellor that a conversation is not theirs any more.
pub const LEFT_CONVERSATION: &str = "left";

/// Returns the conversation that the addressee of a durable event has just lost; `None` for every other event.
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

/// Returns the JSON object `data_text` with `id` and `cursor` put in front; both are known only once the row has its position. Spliced as text, because
/// parsing and writing it again would cost more and could change it. A key of the same name in the data would be there twice: writers leave them out.
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
