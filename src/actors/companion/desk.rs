//! Owns the chatbots of this node: it starts them, saves their text, and renews the node's lease.
//! Called by the routes through [`DeskHandle`], and by the hub ([`StopAnswer`]). Must not run on
//! the thread of another actor.
//!
//! - Desk and chatbots share one thread of their own. So streaming delays neither the log pump nor
//!   the sockets.

use super::{
    answer_stream::EndReason,
    chatbot::{AnswerEnded, Chatbot, EndAnswer, SharedText},
};
use crate::{
    actors::hub::{Hub, ports::StopAnswer},
    backends::store::{Progress, SavedAnswer},
    domain::{ids::MessageId, retry::is_worth_a_line},
    services::{
        Context as Services, ServiceResult,
        companion::{self, AnswerDesk, LiveTurn, NODE_LEASE_MS},
    },
};
use actix::prelude::*;
use async_trait::async_trait;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// How often the desk looks for what is to be saved.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Age at which text is saved; with the time of a look and of the write it is 250 ms at most
/// (product rule).
const SAVE_AFTER: Duration = Duration::from_millis(200);
/// This much is saved at the next look (product rule).
const SAVE_TOKENS: u64 = 20;
/// Time between two renewals of the node's lease.
const BEAT: Duration = Duration::from_millis(NODE_LEASE_MS.unsigned_abs() / 4);
/// Beats between two looks for answers of dead nodes.
const BEATS_PER_RECOVERY: u32 = 2;
/// How long a stopping desk waits for answers to write their end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Routes -> ChatDesk: let this answer grow. Reply: `false` when the server is stopping. Order:
/// after the transaction that wrote the answer.
#[derive(Debug, Message)]
#[rtype(result = "bool")]
pub struct BeginAnswer {
    /// What is to be answered.
    pub turn: Box<LiveTurn>,
}

/// Routes -> ChatDesk: read this answer. Reply: its text and the number of its newest frame; `None`
/// when it does not grow here.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<(String, i64)>")]
pub struct ReadAnswer {
    /// Which.
    pub answer: MessageId,
}

/// App -> ChatDesk: take no more answers, let live ones end by themselves for `over`, then
/// interrupt the rest, give the lease back and stop. Replies when done.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct StopDesk {
    /// For how long answers may go on.
    pub over: Duration,
}

/// Tests -> ChatDesk: how many chatbots live?
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "usize")]
pub struct CountAnswers;

struct LiveAnswer {
    chatbot: Addr<Chatbot>,
    live: SharedText,
    /// Who waits for the end.
    waiting: Vec<oneshot::Sender<()>>,
}

type LiveAnswers = Rc<RefCell<HashMap<MessageId, LiveAnswer>>>;

/// The desk actor.
pub struct ChatDesk {
    services: Services,
    hub: Hub,
    answers: LiveAnswers,
    is_stopping: bool,
    is_saving: bool,
    is_beating: bool,
    beats: u32,
    failed_beats: u32,
}

/// The desk as the routes see it; cheap to clone.
#[derive(Clone)]
pub struct DeskHandle {
    desk: Addr<ChatDesk>,
}

impl DeskHandle {
    /// Returns how many answers grow here.
    pub async fn count(&self) -> usize {
        self.desk.send(CountAnswers).await.unwrap_or(0)
    }

    /// Stops the desk; returns when it is done.
    pub async fn stop(&self, over: Duration) {
        // A desk that is gone has nothing left to end.
        let _ = self.desk.send(StopDesk { over }).await;
    }

    /// Returns the way of the bus to the desk.
    #[must_use]
    pub fn stop_recipient(&self) -> Recipient<StopAnswer> {
        self.desk.clone().recipient()
    }
}

#[async_trait]
impl AnswerDesk for DeskHandle {
    async fn begin(&self, turn: LiveTurn) -> bool {
        self.desk.send(BeginAnswer { turn: Box::new(turn) }).await.unwrap_or(false)
    }

    async fn stop_answer(&self, answer: MessageId, patience: Duration) -> bool {
        match self.desk.send(StopAnswer { answer }).await {
            // An error of either kind means that it is over, or takes long; the row tells.
            Ok(Some(ended)) => tokio::time::timeout(patience, ended).await.is_ok(),
            Ok(None) | Err(_) => false,
        }
    }

    async fn read(&self, answer: MessageId) -> Option<(String, i64)> {
        self.desk.send(ReadAnswer { answer }).await.ok().flatten()
    }
}

impl ChatDesk {
    /// Starts the desk of this process on the thread of `arbiter`.
    #[must_use]
    pub fn start_on(arbiter: &ArbiterHandle, services: Services, hub: Hub) -> DeskHandle {
        let desk = Self::start_in_arbiter(arbiter, |_| Self {
            services,
            hub,
            answers: Rc::default(),
            is_stopping: false,
            is_saving: false,
            is_beating: false,
            beats: 0,
            failed_beats: 0,
        });
        DeskHandle { desk }
    }

    /// Saves the text that is due, one round at a time, and ends chatbots whose row says so.
    fn save(&mut self, ctx: &mut Context<Self>) {
        if self.is_saving {
            return;
        }
        let due = take_due(&self.answers);
        if due.is_empty() {
            return;
        }
        self.is_saving = true;
        let services = self.services.clone();
        let round = async move {
            let saved = companion::save_progress(&services, &due).await;
            (due, saved)
        };
        ctx.spawn(round.into_actor(self).map(|(due, saved), desk, _| desk.after_save(&due, saved)));
    }

    fn after_save(&mut self, due: &[Progress], saved: ServiceResult<Vec<SavedAnswer>>) {
        self.is_saving = false;
        let answers = self.answers.borrow();
        let saved: HashMap<MessageId, bool> = match saved {
            Ok(saved) => saved.into_iter().map(|answer| (answer.id, answer.is_stop_requested)).collect(),
            Err(error) => {
                tracing::warn!(%error, answers = due.len(), "answers not saved, trying again");
                for progress in due {
                    if let Some(answer) = answers.get(&progress.id) {
                        answer.live.borrow_mut().unsaved_since.get_or_insert_with(std::time::Instant::now);
                    }
                }
                return;
            }
        };
        for progress in due {
            let Some(answer) = answers.get(&progress.id) else { continue };
            let reason = match saved.get(&progress.id) {
                Some(false) => continue,
                Some(true) => EndReason::Stop,
                // An answer may be ending by itself: then the order comes too late and changes
                // nothing.
                None => EndReason::Abandon,
            };
            // A few per answer at most: the first one ends it.
            answer.chatbot.do_send(EndAnswer { reason });
        }
    }

    /// Renews the lease, and now and then looks for answers of dead nodes.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.is_beating || self.is_stopping {
            return;
        }
        self.is_beating = true;
        self.beats = self.beats.wrapping_add(1);
        let is_recovery = self.beats.is_multiple_of(BEATS_PER_RECOVERY);
        let live: HashSet<MessageId> = self.answers.borrow().keys().copied().collect();
        let services = self.services.clone();
        let beat = async move {
            companion::renew_node(&services).await?;
            if is_recovery {
                let count = companion::recover(&services, |answer| live.contains(&answer.id)).await?;
                if count > 0 {
                    tracing::info!(answers = count, "interrupted answers that nobody gave any more");
                }
            }
            Ok::<_, crate::services::ServiceError>(())
        };
        ctx.spawn(beat.into_actor(self).map(|outcome, desk, _| {
            desk.is_beating = false;
            desk.failed_beats = if outcome.is_ok() { 0 } else { desk.failed_beats + 1 };
            if let (Err(error), true) = (outcome, is_worth_a_line(desk.failed_beats)) {
                tracing::warn!(%error, failures = desk.failed_beats, "the companion's lease was not renewed");
            }
        }));
    }
}

/// Takes what is to be saved now.
fn take_due(answers: &LiveAnswers) -> Vec<Progress> {
    let answers = answers.borrow();
    let mut due = Vec::new();
    for (id, answer) in answers.iter() {
        let mut live = answer.live.borrow_mut();
        let is_due = live.unsaved_tokens >= SAVE_TOKENS || live.unsaved_since.is_some_and(|since| since.elapsed() >= SAVE_AFTER);
        if is_due {
            (live.unsaved_since, live.unsaved_tokens) = (None, 0);
            due.push(Progress { id: *id, body: live.body.clone(), seq: live.seq });
        }
    }
    due
}

impl Actor for ChatDesk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(LOOK_EVERY, Self::save);
        ctx.run_interval(BEAT, Self::beat);
    }
}

impl Handler<BeginAnswer> for ChatDesk {
    type Result = bool;

    fn handle(&mut self, BeginAnswer { turn }: BeginAnswer, ctx: &mut Self::Context) -> bool {
        if self.is_stopping {
            return false;
        }
        let (answer, live) = (turn.answer.id, SharedText::default());
        let chatbot = Chatbot::new(self.services.clone(), self.hub.clone(), *turn, ctx.address().recipient(), live.clone()).start();
        self.answers.borrow_mut().insert(answer, LiveAnswer { chatbot, live, waiting: Vec::new() });
        true
    }
}

impl Handler<StopAnswer> for ChatDesk {
    type Result = MessageResult<StopAnswer>;

    fn handle(&mut self, StopAnswer { answer }: StopAnswer, _: &mut Self::Context) -> Self::Result {
        let mut answers = self.answers.borrow_mut();
        let Some(answer) = answers.get_mut(&answer) else { return MessageResult(None) };
        // One per wish of a student: a mailbox cannot be filled with them.
        answer.chatbot.do_send(EndAnswer { reason: EndReason::Stop });
        let (done, ended) = oneshot::channel();
        answer.waiting.push(done);
        MessageResult(Some(ended))
    }
}

impl Handler<ReadAnswer> for ChatDesk {
    type Result = Option<(String, i64)>;

    fn handle(&mut self, ReadAnswer { answer }: ReadAnswer, _: &mut Self::Context) -> Self::Result {
        let answers = self.answers.borrow();
        let live = answers.get(&answer)?.live.borrow();
        Some((live.body.clone(), live.seq))
    }
}

impl Handler<AnswerEnded> for ChatDesk {
    type Result = ();

    fn handle(&mut self, AnswerEnded { answer }: AnswerEnded, _: &mut Self::Context) {
        let Some(answer) = self.answers.borrow_mut().remove(&answer) else { return };
        for waiting in answer.waiting {
            // An error means that nobody waits any more.
            let _ = waiting.send(());
        }
    }
}

impl Handler<CountAnswers> for ChatDesk {
    type Result = usize;

    fn handle(&mut self, _: CountAnswers, _: &mut Self::Context) -> usize {
        self.answers.borrow().len()
    }
}

impl Handler<StopDesk> for ChatDesk {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, StopDesk { over }: StopDesk, _: &mut Self::Context) -> Self::Result {
        self.is_stopping = true;
        let (answers, services) = (self.answers.clone(), self.services.clone());
        let stop = async move {
            wait_until_empty(&answers, over).await;
            let left: Vec<Addr<Chatbot>> = answers.borrow().values().map(|answer| answer.chatbot.clone()).collect();
            // Once, when the server stops: a mailbox cannot be filled with it.
            left.iter().for_each(|chatbot| chatbot.do_send(EndAnswer { reason: EndReason::Interrupt }));
            wait_until_empty(&answers, LAST_WORDS).await;
            if let Err(error) = companion::give_up_node(&services).await {
                tracing::warn!(%error, "the companion's lease was not given back; it runs out by itself");
            }
        };
        Box::pin(stop.into_actor(self).map(|(), _, ctx| ctx.stop()))
    }
}

async fn wait_until_empty(answers: &LiveAnswers, patience: Duration) {
    let deadline = Instant::now() + patience;
    while !answers.borrow().is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
