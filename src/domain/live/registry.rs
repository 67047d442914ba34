//! Owns the table of sockets and topics of one hub shard. Called by `actors/sockets`. Generic over
//! the value kept per socket (the sink), so that it is tested without sockets. Invariants:
//!
//! - `topics` holds a socket exactly for the subscriptions of its entry.
//! - One call, [`Registry::disconnect`], removes everything about a socket.

use super::{channel::ChannelKind, presence::Member};
use crate::domain::{
    ids::{AppId, LoginId, SocketId, UserId},
    topic::Topic,
};
use indexmap::IndexMap;
use std::collections::HashMap;

/// The account behind a socket of the built-in app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketOwner {
    /// The account.
    pub user: UserId,
    /// The login its cookie or token belongs to.
    pub login: LoginId,
}

/// A subscription that ended.
#[derive(Debug)]
pub struct Departure {
    /// The topic that the socket left.
    pub topic: Topic,
    /// The member, on presence channels. Boxed, because most subscriptions have none.
    pub member: Option<Box<Member>>,
    /// The versions that the socket knew when it joined.
    pub known: Known,
}

/// The state of a channel that a socket knew when it joined. Later events of the channel have
/// higher versions, so the shard can skip an event that the socket already knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Version of the roster.
    pub roster: u64,
    /// Version of the last event that a cache channel stored.
    pub kept: u64,
}

impl Known {
    /// Says whether the socket already knew an event with these versions.
    #[must_use]
    pub fn covers(self, roster: Option<u64>, kept: Option<u64>) -> bool {
        roster.is_some_and(|version| version <= self.roster) || kept.is_some_and(|version| version <= self.kept)
    }
}

#[derive(Debug)]
struct SocketEntry<S> {
    sink: S,
    app: AppId,
    owner: Option<SocketOwner>,
    subscriptions: Vec<Departure>,
}

/// The sockets of one shard and the topics they listen to.
#[derive(Debug)]
pub struct Registry<S> {
    sockets: IndexMap<SocketId, SocketEntry<S>>,
    topics: HashMap<Topic, IndexMap<SocketId, S>>,
}

impl<S> Default for Registry<S> {
    fn default() -> Self {
        Self { sockets: IndexMap::new(), topics: HashMap::new() }
    }
}

impl<S: Clone> Registry<S> {
    /// Adds a socket.
    pub fn connect(&mut self, socket: SocketId, app: AppId, owner: Option<SocketOwner>, sink: S) {
        self.sockets.insert(socket, SocketEntry { sink, app, owner, subscriptions: Vec::new() });
    }

    /// Gives a socket without an owner its owner. `false`: the socket is unknown, or another
    /// account owns it.
    pub fn own(&mut self, socket: SocketId, owner: SocketOwner) -> bool {
        self.sockets.get_mut(&socket).is_some_and(|entry| entry.owner.get_or_insert(owner).user == owner.user)
    }

    /// Starts a subscription. `false`: the socket is unknown or subscribed already, and nothing
    /// changed.
    pub fn subscribe(&mut self, socket: SocketId, topic: &Topic, member: Option<Member>) -> bool {
        let Some(entry) = self.sockets.get_mut(&socket) else { return false };
        if entry.subscriptions.iter().any(|held| held.topic == *topic) {
            return false;
        }
        // All listeners share one copy of the name, instead of one for each subscribe frame.
        let topic = self.topics.get_key_value(topic).map_or_else(|| topic.clone(), |(known, _)| known.clone());
        entry.subscriptions.push(Departure { topic: topic.clone(), member: member.map(Box::new), known: Known::default() });
        self.topics.entry(topic).or_default().insert(socket, entry.sink.clone());
        true
    }

    /// Records the state of a channel that a socket knew when it joined.
    pub fn record_known(&mut self, socket: SocketId, topic: &Topic, known: Known) {
        let entry = self.sockets.get_mut(&socket);
        let held = entry.and_then(|entry| entry.subscriptions.iter_mut().find(|held| held.topic == *topic));
        held.into_iter().for_each(|held| held.known = known);
    }

    /// Returns the state of a channel that a socket knew when it joined.
    #[must_use]
    pub fn known(&self, socket: SocketId, topic: &Topic) -> Known {
        let held = self.sockets.get(&socket).and_then(|entry| entry.subscriptions.iter().find(|held| held.topic == *topic));
        held.map(|held| held.known).unwrap_or_default()
    }

    /// Ends a subscription; `None` when there was none.
    pub fn unsubscribe(&mut self, socket: SocketId, topic: &Topic) -> Option<Departure> {
        let entry = self.sockets.get_mut(&socket)?;
        let at = entry.subscriptions.iter().position(|held| held.topic == *topic)?;
        let departure = entry.subscriptions.swap_remove(at);
        self.forget_listener(socket, topic);
        Some(departure)
    }

    /// Removes a socket with all its subscriptions, and returns them.
    pub fn disconnect(&mut self, socket: SocketId) -> Vec<Departure> {
        let Some(entry) = self.sockets.swap_remove(&socket) else { return Vec::new() };
        for held in &entry.subscriptions {
            self.forget_listener(socket, &held.topic);
        }
        entry.subscriptions
    }

    fn forget_listener(&mut self, socket: SocketId, topic: &Topic) {
        let Some(listeners) = self.topics.get_mut(topic) else { return };
        listeners.swap_remove(&socket);
        if listeners.is_empty() {
            self.topics.remove(topic);
        }
    }

    /// Returns the sockets here that listen to a topic. Allocates nothing: this is the loop of a
    /// fan-out.
    pub fn listeners(&self, topic: &Topic) -> impl Iterator<Item = (SocketId, &S)> {
        self.topics.get(topic).into_iter().flatten().map(|(socket, sink)| (*socket, sink))
    }

    /// Returns a socket's subscription to a topic, with the member on presence channels; `None`
    /// without a subscription.
    #[must_use]
    pub fn subscription(&self, socket: SocketId, topic: &Topic) -> Option<Option<&Member>> {
        let entry = self.sockets.get(&socket)?;
        entry.subscriptions.iter().find(|held| held.topic == *topic).map(|held| held.member.as_deref())
    }

    /// Returns how many channels a socket asked for and listens to.
    #[must_use]
    pub fn subscription_count(&self, socket: SocketId) -> usize {
        let is_asked_for = |held: &&Departure| held.topic.channel.kind() != ChannelKind::Internal;
        self.sockets.get(&socket).map_or(0, |entry| entry.subscriptions.iter().filter(is_asked_for).count())
    }

    /// Returns the sockets of an account or, with `login`, of one of its logins.
    pub fn sockets_of(&self, user: UserId, login: Option<LoginId>) -> impl Iterator<Item = (SocketId, &S)> {
        self.sockets.iter().filter_map(move |(socket, entry)| {
            let owner = entry.owner.filter(|owner| owner.user == user)?;
            login.is_none_or(|login| owner.login == login).then_some((*socket, &entry.sink))
        })
    }

    /// Returns the sockets of an app.
    pub fn sockets_of_app(&self, app: &AppId) -> impl Iterator<Item = (SocketId, &S)> {
        self.sockets.iter().filter(move |(_, entry)| entry.app == *app).map(|(socket, entry)| (*socket, &entry.sink))
    }

    /// Returns the sockets of a member of a presence channel, by the user id they joined with,
    /// whoever owns them.
    #[must_use]
    pub fn sockets_of_member(&self, topic: &Topic, user_id: &str) -> Vec<SocketId> {
        let is_member = |socket: &SocketId| self.subscription(*socket, topic).flatten().is_some_and(|member| &*member.user_id == user_id);
        self.listeners(topic).map(|(socket, _)| socket).filter(is_member).collect()
    }

    /// Returns the owners of the sockets, one item per socket.
    pub fn owners(&self) -> impl Iterator<Item = SocketOwner> {
        self.sockets.values().filter_map(|entry| entry.owner)
    }

    /// Returns all sockets.
    pub fn sockets(&self) -> impl Iterator<Item = (SocketId, &S)> {
        self.sockets.iter().map(|(socket, entry)| (*socket, &entry.sink))
    }

    /// Returns the sink of a socket.
    #[must_use]
    pub fn sink(&self, socket: SocketId) -> Option<&S> {
        self.sockets.get(&socket).map(|entry| &entry.sink)
    }

    /// Returns the number of sockets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Says whether there are no sockets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::channel::ChannelName;
    use proptest::prelude::*;
    use std::{cell::RefCell, rc::Rc};

    type VecSink = Rc<RefCell<Vec<&'static str>>>;

    fn app() -> AppId {
        AppId("1".into())
    }

    fn topic(name: &str) -> Topic {
        Topic { app: app(), channel: ChannelName::parse(name).unwrap() }
    }

    fn publish(registry: &Registry<VecSink>, name: &str, text: &'static str) {
        registry.listeners(&topic(name)).for_each(|(_, sink)| sink.borrow_mut().push(text));
    }

    #[test]
    fn only_subscribers_of_the_channel_hear_a_publication() {
        let mut registry = Registry::default();
        let (a, b) = (VecSink::default(), VecSink::default());
        registry.connect(SocketId::new(1, 1), app(), None, a.clone());
        registry.connect(SocketId::new(2, 2), app(), None, b.clone());
        assert!(registry.subscribe(SocketId::new(1, 1), &topic("news"), None));
        assert!(!registry.subscribe(SocketId::new(1, 1), &topic("news"), None));
        assert!(!registry.subscribe(SocketId::new(9, 9), &topic("news"), None));
        publish(&registry, "news", "first");
        registry.unsubscribe(SocketId::new(1, 1), &topic("news")).unwrap();
        publish(&registry, "news", "second");
        assert_eq!(a.borrow().as_slice(), ["first"]);
        assert_eq!(b.borrow().len(), 0);
    }

    #[test]
    fn sockets_are_found_by_account_and_by_login() {
        let mut registry = Registry::default();
        let (user, login) = (UserId::generate(), LoginId::generate());
        for n in 0..3 {
            let login = if n == 0 { login } else { LoginId::generate() };
            registry.connect(SocketId::new(n, n), app(), Some(SocketOwner { user, login }), VecSink::default());
        }
        registry.connect(SocketId::new(9, 9), app(), None, VecSink::default());
        assert_eq!(registry.sockets_of(user, None).count(), 3);
        assert_eq!(registry.sockets_of(user, Some(login)).count(), 1);
        assert_eq!(registry.sockets_of(UserId::generate(), None).count(), 0);
    }

    #[test]
    fn what_was_known_at_the_join_is_no_news() {
        let mut registry = Registry::default();
        let socket = SocketId::new(1, 1);
        registry.connect(socket, app(), None, VecSink::default());
        registry.subscribe(socket, &topic("presence-a"), None);
        assert_eq!(registry.known(socket, &topic("presence-a")), Known::default());
        registry.record_known(socket, &topic("presence-a"), Known { roster: 5, kept: 3 });
        let known = registry.known(socket, &topic("presence-a"));
        assert!(known.covers(Some(5), None) && !known.covers(Some(6), None));
        assert!(known.covers(None, Some(3)) && !known.covers(None, Some(4)) && !known.covers(None, None));
        assert!(!registry.known(socket, &topic("presence-b")).covers(Some(1), None));
    }

    #[test]
    fn sockets_are_found_by_app() {
        let mut registry = Registry::default();
        registry.connect(SocketId::new(1, 1), app(), None, VecSink::default());
        registry.connect(SocketId::new(2, 2), AppId("2".into()), None, VecSink::default());
        assert_eq!(registry.sockets_of_app(&app()).map(|(socket, _)| socket).collect::<Vec<_>>(), [SocketId::new(1, 1)]);
    }

    #[test]
    fn sockets_of_a_member_are_found_by_the_id_they_joined_under() {
        let mut registry = Registry::default();
        let member = |id: &str| Member::parse(&format!(r#"{{"user_id":"{id}"}}"#)).unwrap();
        for (n, id) in [(1, "ana"), (2, "guru"), (3, "ana")] {
            registry.connect(SocketId::new(n, n), app(), None, VecSink::default());
            registry.subscribe(SocketId::new(n, n), &topic("presence-a"), Some(member(id)));
        }
        registry.subscribe(SocketId::new(2, 2), &topic("presence-b"), Some(member("ana")));
        assert_eq!(registry.sockets_of_member(&topic("presence-a"), "ana"), [SocketId::new(1, 1), SocketId::new(3, 3)]);
        assert!(registry.sockets_of_member(&topic("presence-c"), "ana").is_empty());
    }

    proptest! {
        /// Whatever the order of calls, nothing is left of a socket that is gone, and every live
        /// subscription is found by socket and by topic.
        #[test]
        fn no_call_order_leaves_anything_behind(calls in prop::collection::vec((0_u8..4, 0_u64..5, 0_u8..3), 0..60)) {
            let mut registry = Registry::default();
            for (call, socket, channel) in calls {
                let (id, topic) = (SocketId::new(socket, 0), topic(&format!("c{channel}")));
                match call {
                    0 if registry.sink(id).is_none() => registry.connect(id, app(), None, VecSink::default()),
                    1 => { registry.subscribe(id, &topic, None); }
                    2 => { registry.unsubscribe(id, &topic); }
                    3 => { registry.disconnect(id); }
                    _ => {}
                }
            }
            for channel in 0..3 {
                let topic = topic(&format!("c{channel}"));
                for (socket, _) in registry.listeners(&topic) {
                    prop_assert!(registry.subscription(socket, &topic).is_some());
                }
            }
            let held: usize = registry.sockets().map(|(socket, _)| registry.subscription_count(socket)).sum();
            let listed: usize = registry.topics.values().map(IndexMap::len).sum();
            prop_assert_eq!(held, listed);
            for n in 0..5 { registry.disconnect(SocketId::new(n, 0)); }
            prop_assert!(registry.is_empty() && registry.topics.is_empty());
        }
    }
}
