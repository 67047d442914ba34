//! Owns one growing answer: it pulls text from the companion, lets whole sentences pass that the
//! safety check allows, and publishes them to the student's devices in numbered frames. Started by
//! the desk, on the desk's thread. Must not stop without writing an end.
//!
//! - A frame that waits for the bus makes the provider wait: nothing is read ahead.

use super::answer_stream::{AnswerStream, EndReason, Over};
use crate::{
    actors::hub::{Hub, topics::built_in_topic},
    domain::{
        companion::{Delta, estimate_tokens},
        ids::MessageId,
        live::channel::ChannelName,
        retry::backoff_ms,
    },
    services::{
        Context as Services,
        companion::{CompanionDelta, Ending, LiveTurn, finish_turn},
    },
    telemetry,
    wire::{desk_event::DeskEvent, envelope::Publication, pusher},
};
use actix::prelude::*;
use serde_json::json;
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Attempts to write the end of an answer; the pauses grow to 30 s. After them `recover` interrupts
/// the answer.
const END_ATTEMPTS: u32 = 8;

/// Chatbot -> ChatDesk: the answer ended and its chatbot is gone. Once per chatbot. No reply.
/// Declared here, because the desk knows its chatbots and they must not know it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct AnswerEnded {
    /// Which.
    pub answer: MessageId,
}

/// ChatDesk -> Chatbot: end the answer before its time. No reply: the desk gets [`AnswerEnded`].
/// The first one counts.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct EndAnswer {
    /// Why.
    pub reason: EndReason,
}

/// What an answer says so far, shared with the desk on the same thread.
#[derive(Debug, Default, Clone)]
pub struct LiveText {
    /// All of it that went out.
    pub body: String,
    /// Number of the newest frame in it.
    pub seq: i64,
    /// Since when something of it is not saved.
    pub unsaved_since: Option<Instant>,
    /// How much is not saved, in tokens (estimated).
    pub unsaved_tokens: u64,
}

/// Shared by the chatbot that writes it and the desk that saves it; both live on one thread.
pub type SharedText = Rc<RefCell<LiveText>>;

/// Counts a live chatbot as long as it lives.
struct LiveCount;

impl LiveCount {
    fn new() -> Self {
        metrics::gauge!(telemetry::COMPANION_LIVE).increment(1.0);
        Self
    }
}

impl Drop for LiveCount {
    fn drop(&mut self) {
        metrics::gauge!(telemetry::COMPANION_LIVE).decrement(1.0);
    }
}

/// The chatbot actor.
pub struct Chatbot {
    answer: MessageId,
    desk: Recipient<AnswerEnded>,
    orders: mpsc::Sender<EndReason>,
    task: Option<AnswerTask>,
    _count: LiveCount,
}

impl Chatbot {
    /// Makes the chatbot of one answer, to be started on the desk's thread.
    #[must_use]
    pub fn new(services: Services, hub: Hub, turn: LiveTurn, desk: Recipient<AnswerEnded>, live: SharedText) -> Self {
        let (orders, heard) = mpsc::channel(1);
        let answer = turn.answer.id;
        let task = AnswerTask { services, hub, turn, live, orders: heard };
        Self { answer, desk, orders, task: Some(task), _count: LiveCount::new() }
    }
}

impl Actor for Chatbot {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(task) = self.task.take() else { return ctx.stop() };
        ctx.spawn(task.run().into_actor(self).map(|(), _, ctx| ctx.stop()));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        // Once per chatbot: a mailbox cannot be filled with it.
        self.desk.do_send(AnswerEnded { answer: self.answer });
    }
}

impl Handler<EndAnswer> for Chatbot {
    type Result = ();

    fn handle(&mut self, EndAnswer { reason }: EndAnswer, _: &mut Self::Context) {
        // Full: an earlier order is on its way. Closed: the answer is ending.
        let _ = self.orders.try_send(reason);
    }
}

/// What a chatbot does, in one task of its own.
struct AnswerTask {
    services: Services,
    hub: Hub,
    turn: LiveTurn,
    live: SharedText,
    orders: mpsc::Receiver<EndReason>,
}

impl AnswerTask {
    async fn run(mut self) {
        self.publish(DeskEvent::CompanionStarted, &self.turn.started.to_string()).await;
        let mut stream = AnswerStream::begin(&self.services, &self.turn);
        let over = loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => break Over::Ordered(order.unwrap_or(EndReason::Interrupt)),
                step = stream.step() => {
                    if let Some(delta) = step.delta {
                        self.send(delta).await;
                    }
                    if let Some(over) = step.over {
                        break over;
                    }
                }
            }
        };
        // The provider's connection closes before anything else takes time.
        let rest = stream.close().await;
        let Some(ending) = stream.ending(over) else { return };
        if let Some(delta) = rest {
            self.send(delta).await;
        }
        self.write_end(ending).await;
    }

    async fn send(&self, delta: Delta) {
        let data = json!(CompanionDelta { message_id: self.turn.answer.id, seq: delta.seq, text: &delta.text }).to_string();
        {
            // Before it goes out: a snapshot may be ahead of the frames, never behind.
            let mut live = self.live.borrow_mut();
            live.body.push_str(&delta.text);
            live.seq = delta.seq;
            live.unsaved_since.get_or_insert_with(Instant::now);
            live.unsaved_tokens += estimate_tokens(&delta.text);
        }
        metrics::counter!(telemetry::COMPANION_FRAMES).increment(1);
        self.publish(DeskEvent::CompanionDelta, &data).await;
    }

    /// Publishes on the student's channel and waits until the bus has the frame. When the bus
    /// fails, this node's sockets get it.
    async fn publish(&self, event: DeskEvent, data: &str) {
        let channel = ChannelName::user(self.turn.answer.student_id);
        let frame = pusher::channel_event(&channel, event.name(), data);
        let publication = Publication::new(built_in_topic(channel), frame);
        if let Err(error) = self.hub.publish_or_deliver(publication).await {
            tracing::warn!(%error, "a frame of an answer reached this node only");
        }
    }

    async fn write_end(&self, ending: Ending) {
        let body_and_seq = {
            let live = self.live.borrow();
            (live.body.clone(), live.seq)
        };
        let ending = Ending { body: body_and_seq.0, seq: body_and_seq.1, ..ending };
        for attempt in 1..=END_ATTEMPTS {
            match finish_turn(&self.services, &self.turn, &ending).await {
                Ok(is_written) => {
                    tracing::debug!(answer = %self.turn.answer.id, status = ending.status.as_str(), is_written, "answer ended");
                    return;
                }
                Err(error) => tracing::error!(%error, attempt, "end of an answer not written"),
            }
            tokio::time::sleep(Duration::from_millis(backoff_ms(attempt, rand::random()))).await;
        }
    }
}
