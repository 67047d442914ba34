//! Owns how a socket joins a topic. Called by the session (`subscribe`) and by its sign-in
//! (`listen`, `begin_watch`, `end_watch`). Must not hold a borrow of the shard's state while it
//! waits.
//!
//! - `subscribe` decides whether the census counts the topic; the hub keeps the decision with it.
//! - The census counts the topics of connected apps and those of signed-in users.
//! - A socket that waits for the census gets the answer first, then the publications of meanwhile.

use super::{join_buffer::Missed, local_shard::LocalShard, outbound::Outbound};
use crate::{
    actors::cluster::census_queue::Joined,
    backends::census::Kept,
    domain::{
        apps::app_happening::{AppHappening, AppHappeningKind},
        ids::SocketId,
        live::{
            join_refusal::JoinRefusal,
            presence::{Member, MemberError, Roster},
            registry::Known,
        },
        topic::Topic,
    },
    services::{apps::table::BUILT_IN_APP, live::port::Announce as _},
    wire::{console::LineKind, envelope::Publication, frame::Frame, pusher},
};
use std::{rc::Rc, sync::Arc};

/// The last event of a cache channel as it goes to a socket.
struct Last {
    frame: Frame,
    version: u64,
}

impl LocalShard {
    /// Starts a subscription and answers it; live events follow the answer. This alone decides
    /// whether the census counts a topic. Fails when a limit is reached; the socket stays open.
    pub async fn subscribe(&self, socket: SocketId, topic: &Topic, member: Option<Member>) -> Result<(), JoinRefusal> {
        // The census counts the topics of connected apps; each node knows those of the built-in
        // app.
        if *topic.app.0 != *BUILT_IN_APP {
            return self.subscribe_by_census(socket, topic, member).await;
        }
        let Some(outbound) = self.check_socket_limit(socket, topic)? else { return Ok(()) };
        let (answer, roster) = self.state.hub.join(topic, self.index, member.as_ref(), socket)?;
        self.state.registry.borrow_mut().subscribe(socket, topic, member);
        self.state.registry.borrow_mut().record_known(socket, topic, Known { roster, ..Known::default() });
        self.send(&outbound, &answer);
        Ok(())
    }

    /// Returns the sending half of a socket that may join one more topic; `None`: the socket is
    /// gone.
    fn check_socket_limit(&self, socket: SocketId, topic: &Topic) -> Result<Option<Rc<Outbound>>, JoinRefusal> {
        let registry = self.state.registry.borrow();
        if registry.subscription(socket, topic).is_some() {
            return Err(JoinRefusal::Already);
        }
        if registry.subscription_count(socket) >= self.settings().channels_per_socket {
            return Err(JoinRefusal::TooManyChannels);
        }
        Ok(registry.sink(socket).cloned())
    }

    /// Starts a subscription of a counted topic and answers it: with all members of the cluster on
    /// presence channels, then the last event on cache channels, then the missed publications.
    async fn subscribe_by_census(&self, socket: SocketId, topic: &Topic, member: Option<Member>) -> Result<(), JoinRefusal> {
        self.check_app_limit(topic).await?;
        let Some(outbound) = self.check_socket_limit(socket, topic)? else { return Ok(()) };
        if member.is_none() && !topic.channel.is_cache() {
            self.listen(socket, topic);
            self.send(&outbound, &pusher::subscription_succeeded(&topic.channel));
            return Ok(());
        }
        self.state.join_buffer.begin(topic, socket);
        if let Err(error) = self.hub().join_by_census(topic, self.index, member.as_ref(), socket) {
            self.state.join_buffer.end(topic, socket);
            return Err(error.into());
        }
        // When the census is out of reach, the members of this node are better than none.
        let joined = self.hub().census().join(topic).await.ok().flatten();
        let kept = if topic.channel.is_cache() { Some(self.kept_event(topic).await) } else { None };
        self.let_in(socket, topic, member, joined, kept)
    }

    /// Lets a socket into a topic after the census answered: sends the answer, the last event, and
    /// the missed publications.
    fn let_in(
        &self,
        socket: SocketId,
        topic: &Topic,
        member: Option<Member>,
        joined: Option<Joined>,
        kept: Option<Option<Last>>,
    ) -> Result<(), JoinRefusal> {
        let missed = self.state.join_buffer.end(topic, socket);
        let outbound = self.state.registry.borrow().sink(socket).cloned();
        let is_full = joined
            .as_ref()
            .zip(member.as_ref())
            .is_some_and(|(joined, member)| joined.refused.iter().any(|user| **user == *member.user_id));
        let Some(outbound) = outbound.filter(|_| !is_full) else {
            self.state.hub.leave(topic, self.index, member.as_ref(), socket);
            return if is_full { Err(MemberError::Full.into()) } else { Ok(()) };
        };
        let is_presence = member.is_some();
        self.state.log_topic(LineKind::Subscribed, socket, topic, member.as_ref());
        self.state.registry.borrow_mut().subscribe(socket, topic, member);
        let roster = joined.as_ref().map_or(0, |joined| joined.version);
        let known = Known { roster, kept: kept.iter().flatten().map(|last| last.version).next().unwrap_or_default() };
        self.state.registry.borrow_mut().record_known(socket, topic, known);
        if is_presence {
            self.send(&outbound, &pusher::presence_succeeded(&topic.channel, &self.roster(topic, joined)));
        } else {
            self.send(&outbound, &pusher::subscription_succeeded(&topic.channel));
        }
        let kept = kept.map(|kept| kept.map_or_else(|| pusher::cache_miss(&topic.channel), |last| last.frame));
        kept.iter().for_each(|frame| self.send(&outbound, frame));
        if missed.is_too_much {
            self.state.end_slow(&outbound);
            return Ok(());
        }
        self.send_news(&outbound, &missed, known);
        Ok(())
    }

    /// Sends the publications that a socket missed while it joined, except those it knows.
    fn send_news(&self, outbound: &Rc<Outbound>, missed: &Missed, known: Known) {
        let is_news = |publication: &&Arc<Publication>| !known.covers(publication.roster, publication.kept);
        missed.publications.iter().filter(is_news).for_each(|publication| self.send(outbound, &publication.frame));
    }

    fn roster(&self, topic: &Topic, joined: Option<Joined>) -> Roster {
        match joined {
            Some(joined) => Roster::of(joined.roster.into_iter().map(|(user, info)| (user.into(), info))),
            None => Roster::of(self.hub().state_of(topic).1.into_iter().map(|member| (member.user_id, member.user_info))),
        }
    }

    /// Returns the last event of a cache channel, encoded; notifies the app's owner when there is
    /// none.
    async fn kept_event(&self, topic: &Topic) -> Option<Last> {
        match self.services().census.kept_event(topic).await {
            Ok(Some(Kept { event, version, .. })) => {
                Some(Last { frame: pusher::channel_event(&topic.channel, &event.event, &event.data), version })
            }
            Ok(None) => {
                let miss = AppHappening { app: topic.app.clone(), channel: topic.channel.clone(), kind: AppHappeningKind::CacheMiss };
                self.hub().happenings().notify(&self.services().apps, miss);
                None
            }
            Err(error) => {
                tracing::warn!(%error, "last event of a cache channel not looked up");
                None
            }
        }
    }

    /// Makes a socket a listener of a counted topic without members, and sends no answer. Does
    /// nothing when the socket is gone or listens already.
    pub(super) fn listen(&self, socket: SocketId, topic: &Topic) {
        if !self.state.registry.borrow_mut().subscribe(socket, topic, None) {
            return;
        }
        self.state.log_topic(LineKind::Subscribed, socket, topic, None);
        // Without a member there is nothing that could be full.
        let _ = self.hub().join_by_census(topic, self.index, None, socket);
        self.hub().census().mark(topic);
    }

    /// Begins to keep the publications of a watch topic for a socket. `false`: it listens already.
    pub(super) fn begin_watch(&self, socket: SocketId, topic: &Topic) -> bool {
        if self.state.registry.borrow().subscription(socket, topic).is_some() {
            return false;
        }
        self.state.join_buffer.begin(topic, socket);
        self.hub().listen(topic, self.index);
        true
    }

    /// Makes a socket a watcher, and sends it the publications that are newer than `version`.
    pub(super) fn end_watch(&self, socket: SocketId, topic: &Topic, version: u64) {
        let missed = self.state.join_buffer.end(topic, socket);
        let outbound = self.state.registry.borrow().sink(socket).cloned();
        let Some(outbound) = outbound else { return self.state.hub.leave(topic, self.index, None, socket) };
        self.state.registry.borrow_mut().subscribe(socket, topic, None);
        let known = Known { roster: version, ..Known::default() };
        self.state.registry.borrow_mut().record_known(socket, topic, known);
        self.send_news(&outbound, &missed, known);
    }

    /// Refuses a topic without listeners on any node when the app has as many channels as it may.
    async fn check_app_limit(&self, topic: &Topic) -> Result<(), JoinRefusal> {
        let limit = self.services().apps.current(&topic.app).map_or(0, |app| app.rules.limits.channels);
        let is_full = || self.hub().app_counts(&topic.app).channels >= u64::from(limit);
        if limit == 0 || !topic.channel.is_listed() || self.hub().has_topic(topic) || !is_full() {
            return Ok(());
        }
        // Out of reach of the census nobody is known to listen elsewhere.
        let is_occupied = self.services().census.facts(topic).await.is_ok_and(|facts| facts.subscriptions > 0);
        if is_occupied { Ok(()) } else { Err(JoinRefusal::TooManyAppChannels) }
    }
}
