//! Owns the exchange between the hub and the census: it declares this node's state of every counted
//! topic that changed, renews the node's lease, and empties the topics of nodes that stopped
//! renewing theirs. Called by no one: it is three loops. Must not declare a change.
//!
//! - A declaration is a state, so it can be repeated.
//! - One topic has one declaration at a time; many topics are declared at once.

use super::census_queue::{Joined, Waiting};
use crate::{
    actors::hub::Hub,
    backends::{
        BackendResult,
        census::{COUNT_EVERY, Counting, Declaration, Declared},
    },
    domain::{
        apps::app_happening::{AppHappening, AppHappeningKind},
        ids::NodeId,
        live::channel::ChannelKind,
        topic::Topic,
    },
    services::Context as Services,
};
use actix::prelude::*;
use futures_util::future::join_all;
use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    time::{Duration, Instant},
};

/// Channels declared at once.
const BATCH: usize = 256;
/// How soon to try again when the census is out of reach.
const RETRY: Duration = Duration::from_millis(500);
/// Time between two renewals.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How long a node may be silent before the others take its subscribers and members away.
pub const LEASE: Duration = Duration::from_secs(8);
/// How often held-back counts are looked at.
const COUNT_TICK: Duration = Duration::from_millis(500);

/// The link actor: loops, no mailbox of its own.
pub struct CensusLink {
    tender: Rc<Tender>,
}

struct Tender {
    hub: Hub,
    services: Services,
    /// Channels whose number of subscribers is still to be published, and when.
    held_back: RefCell<HashMap<Topic, Instant>>,
}

/// Outcome of the declaration of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeclareOutcome {
    Done,
    /// This node has to renew its lease first.
    Unknown,
    OutOfReach,
}

impl CensusLink {
    /// Makes the link of this process and puts the node on the census's list. Called before sockets
    /// are accepted. Fails when the census is out of reach.
    pub async fn join(hub: Hub, services: Services) -> BackendResult<Self> {
        services.census.renew(&[]).await?;
        Ok(Self { tender: Rc::new(Tender { hub, services, held_back: RefCell::default() }) })
    }
}

impl Actor for CensusLink {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (declaring, tending, counting) = (self.tender.clone(), self.tender.clone(), self.tender.clone());
        ctx.spawn(async move { declaring.declare_for_ever().await }.into_actor(self));
        ctx.spawn(async move { tending.tend_for_ever().await }.into_actor(self));
        ctx.spawn(async move { counting.publish_counts_for_ever().await }.into_actor(self));
    }
}

impl Tender {
    async fn declare_for_ever(&self) {
        loop {
            let batch = self.hub.census().take(BATCH).await;
            let outcomes = join_all(batch.into_iter().map(|(topic, waiting)| self.declare(topic, waiting))).await;
            self.hub.census().tried();
            if outcomes.contains(&DeclareOutcome::Unknown) && self.renew().await.is_err() || outcomes.contains(&DeclareOutcome::OutOfReach)
            {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    async fn declare(&self, topic: Topic, waiting: Waiting) -> DeclareOutcome {
        let (subscriptions, members) = self.hub.state_of(&topic);
        let counting = match self.counts_subscriptions(&topic) {
            false => Counting::Off,
            true if waiting.forces_count => Counting::Now,
            true => Counting::OnChange,
        };
        let wants_roster = !waiting.joiners.is_empty();
        let declaration = Declaration { topic, subscriptions, members, counting, wants_roster, in_place_of: None };
        match self.services.census.declare(&declaration).await {
            Ok(Some(declared)) => {
                self.take_in(&declaration.topic, &declared);
                let joined = Joined { roster: declared.roster, version: declared.version, refused: declared.refused };
                answer(waiting.joiners, Some(&joined));
                DeclareOutcome::Done
            }
            Ok(None) => {
                self.hub.census().put_back(declaration.topic, waiting);
                DeclareOutcome::Unknown
            }
            Err(error) => {
                tracing::warn!(%error, "state of a channel not declared, trying again");
                let Waiting { joiners, forces_count } = waiting;
                answer(joiners, None);
                self.hub.census().put_back(declaration.topic, Waiting { joiners: Vec::new(), forces_count });
                DeclareOutcome::OutOfReach
            }
        }
    }

    /// Presence channels list their members, so they have no count of subscribers.
    fn counts_subscriptions(&self, topic: &Topic) -> bool {
        let app = self.services.apps.current(&topic.app);
        topic.channel.is_listed() && topic.channel.kind() != ChannelKind::Presence && app.is_some_and(|app| app.rules.counts_subscriptions)
    }

    /// Notifies the owner of the app of what a declaration brought about.
    fn take_in(&self, topic: &Topic, declared: &Declared) {
        if declared.is_count_held_back {
            self.held_back.borrow_mut().entry(topic.clone()).or_insert_with(|| Instant::now() + COUNT_EVERY);
        }
        if !topic.channel.is_listed() {
            return;
        }
        let notify = |kind| {
            let happening = AppHappening { app: topic.app.clone(), channel: topic.channel.clone(), kind };
            self.hub.happenings().notify(&self.services.apps, happening);
        };
        if declared.before == 0 && declared.now > 0 {
            notify(AppHappeningKind::Occupied);
        }
        declared.removed.iter().for_each(|user| notify(AppHappeningKind::MemberRemoved { user_id: user.clone() }));
        declared.added.iter().for_each(|user| notify(AppHappeningKind::MemberAdded { user_id: user.clone() }));
        if declared.before != declared.now && self.counts_subscriptions(topic) {
            notify(AppHappeningKind::Count(declared.now));
        }
        if declared.before > 0 && declared.now == 0 {
            notify(AppHappeningKind::Vacated);
        }
    }

    async fn tend_for_ever(&self) {
        let mut every = tokio::time::interval(RENEW_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.tend().await {
                tracing::warn!(%error, "lease in the census not tended, trying again");
            }
        }
    }

    async fn tend(&self) -> BackendResult<()> {
        self.renew().await?;
        for (node, topics) in self.services.census.lapsed().await? {
            self.empty(node, topics).await?;
        }
        Ok(())
    }

    async fn renew(&self) -> BackendResult<()> {
        let mut apps: HashMap<_, _> = self.services.apps.ids().into_iter().map(|app| (app, 0)).collect();
        apps.extend(self.hub.counts().sockets_by_app());
        let apps: Vec<_> = apps.into_iter().collect();
        let renewal = self.services.census.renew(&apps).await?;
        self.hub.counts().record_elsewhere(apps.into_iter().map(|(app, _)| app).zip(renewal.elsewhere).collect());
        if renewal.was_unknown {
            let topics = self.hub.counted_topics();
            tracing::info!(channels = topics.len(), "declaring everything to the census again");
            topics.iter().for_each(|topic| self.hub.census().mark(topic));
        }
        Ok(())
    }

    /// Declares the topics of a node empty that stopped renewing its lease.
    async fn empty(&self, node: NodeId, topics: Vec<Topic>) -> BackendResult<()> {
        tracing::warn!(%node, channels = topics.len(), "a node went away without a word: its subscribers and members are taken off");
        for batch in topics.chunks(BATCH) {
            let emptied = join_all(batch.iter().map(async |topic| {
                let counting = if self.counts_subscriptions(topic) { Counting::OnChange } else { Counting::Off };
                let (members, in_place_of) = (Vec::new(), Some(node));
                let declaration =
                    Declaration { topic: topic.clone(), subscriptions: 0, members, counting, wants_roster: false, in_place_of };
                if let Some(declared) = self.services.census.declare(&declaration).await? {
                    self.take_in(topic, &declared);
                }
                BackendResult::Ok(())
            }));
            emptied.await.into_iter().collect::<BackendResult<()>>()?;
        }
        self.services.census.strike_off(node).await
    }

    async fn publish_counts_for_ever(&self) {
        loop {
            tokio::time::sleep(COUNT_TICK).await;
            let now = Instant::now();
            let due: Vec<Topic> = self.held_back.borrow_mut().extract_if(|_, at| *at <= now).map(|(topic, _)| topic).collect();
            due.iter().for_each(|topic| self.hub.census().mark_count(topic));
        }
    }
}

fn answer(joiners: Vec<tokio::sync::oneshot::Sender<Option<Joined>>>, joined: Option<&Joined>) {
    for joiner in joiners {
        // Who went away does not wait.
        let _ = joiner.send(joined.cloned());
    }
}
