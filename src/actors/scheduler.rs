//! Owns work by the clock: overdue warnings, reminders of appointments, housekeeping of the
//! database, and sweeping of files without a row. Called by no one: timers only. Must not assume
//! that it runs alone: every node runs it, and each step is safe to run twice.

use crate::services::{
    Context as Services, alerts::escalate_overdue, appointments::send_due_reminders, files::sweep, operations::housekeeping,
};
use actix::prelude::*;
use std::time::Duration;

/// Time between two rounds.
const ROUND: Duration = Duration::from_secs(600);
/// Time from start to the first round: a restarting server has better things to do.
const FIRST_ROUND: Duration = Duration::from_secs(30);
/// Time between two looks at the reminders that are due.
const REMINDERS: Duration = Duration::from_secs(15);
/// Time from start to the first look: what came due while nobody was there may still be fresh.
const FIRST_REMINDERS: Duration = Duration::from_secs(1);

/// Time between two looks at warnings that nobody acknowledged in time.
const ALERTS: Duration = Duration::from_secs(5);

/// App -> Scheduler: begin no round, and leave the current one; the next round of any node does its
/// work. Replies at once.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopScheduler;

/// The scheduler actor: timers only, no mailbox of its own.
pub struct Scheduler {
    services: Services,
}

impl Scheduler {
    /// Makes the scheduler of this process.
    #[must_use]
    pub const fn new(services: Services) -> Self {
        Self { services }
    }

    fn run_round(&mut self, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        let round = async move {
            if let Err(error) = sweep::sweep_files(&services).await {
                tracing::error!(%error, "sweeping of files failed");
            }
            if let Err(error) = housekeeping::run_once(&services).await {
                tracing::error!(%error, "housekeeping of the database failed");
            }
        };
        ctx.spawn(round.into_actor(self).map(|(), _, ctx| {
            ctx.run_later(ROUND, Self::run_round);
        }));
    }

    fn run_alerts(&mut self, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        let round = async move {
            if let Err(error) = escalate_overdue(&services).await {
                tracing::error!(%error, "calling everybody for overdue warnings failed");
            }
        };
        ctx.spawn(round.into_actor(self).map(|(), _, ctx| {
            ctx.run_later(ALERTS, Self::run_alerts);
        }));
    }

    fn run_reminders(&mut self, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        let round = async move {
            if let Err(error) = send_due_reminders(&services).await {
                tracing::error!(%error, "reminders of appointments failed");
            }
        };
        ctx.spawn(round.into_actor(self).map(|(), _, ctx| {
            ctx.run_later(REMINDERS, Self::run_reminders);
        }));
    }
}

impl Handler<StopScheduler> for Scheduler {
    type Result = ();

    fn handle(&mut self, _: StopScheduler, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Actor for Scheduler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_later(FIRST_ROUND, Self::run_round);
        ctx.run_later(FIRST_REMINDERS, Self::run_reminders);
        ctx.run_later(FIRST_REMINDERS, Self::run_alerts);
    }
}
