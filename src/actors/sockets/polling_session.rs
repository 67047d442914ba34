//! Owns a session whose frames travel in the bodies of HTTP answers and requests, for networks that
//! block WebSockets (docs/pusher-protocol.md, section 2.11). Called by the routes in
//! `http/sockets/polling`. Must not repeat the work of session, shard and queue: it is one more
//! transport.
//!
//! - It lives on the thread that served its first request. Later requests reach it from any thread
//!   of the node through [`PollingSessions`].
//! - Between two answers it waits, and its queue stays bounded.
//! - It ends when the client does not ask for the next answer in time.

use super::{
    local_shard::LocalShard,
    outbound::{Outbound, Transport},
    polling_piece::{Offer, PollingPiece},
    session::{ConnectionLost, Session, TextReceived},
};
use crate::{
    domain::principal::Principal,
    services::apps::table::App,
    wire::http_stream::{ANSWER_UNITS, Chunks, HEARTBEAT, chunks, open, units},
};
use actix::prelude::*;
use bytestring::ByteString;
use dashmap::{DashMap, mapref::entry::Entry};
use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, Notify, mpsc};

/// Bytes of frames that are put into one piece of an answer.
const PIECE_BYTES: usize = 64 * 1024;
/// Requests with messages that may wait for their turn in one session.
const MOST_WAITING: usize = 32;
/// How long an answer that grew to its limit waits for the client to ask for the next; clients of
/// other kinds may not do that.
const NEXT_ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// How an answer brings frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollingKind {
    /// On and on (`xhr_streaming`).
    Stream,
    /// What there is, or what comes first; then it ends (`xhr`).
    Poll,
}

/// HTTP request -> PollingSession: bring what comes in this answer; one that is still open ends.
/// Reply: the pieces of the answer; `None`: not the client of this session. Awaited.
#[derive(Message)]
#[rtype(result = "Option<mpsc::Receiver<PollingPiece>>")]
pub struct BeginPollingAnswer {
    /// How.
    pub kind: PollingKind,
    /// The credential of the request.
    pub credential: Option<String>,
}

/// HTTP request -> PollingSession: messages of the client, in order. Reply when all were taken.
/// Awaited; at most `MOST_WAITING` wait.
#[derive(Message)]
#[rtype(result = "Result<(), MessagesRefused>")]
pub struct MessagesReceived {
    /// Their texts; none is a sign of life.
    pub messages: Vec<String>,
    /// The credential of the request.
    pub credential: Option<String>,
}

/// Why messages were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesRefused {
    /// Not the client of this session.
    NotYours,
    /// Too many requests wait already.
    TooMany,
}

/// The sessions over HTTP of this node, by name; cheap to clone, usable from every thread.
#[derive(Clone, Default)]
pub struct PollingSessions {
    by_name: Arc<DashMap<String, Addr<PollingSession>>>,
}

impl PollingSessions {
    /// Finds a session.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Addr<PollingSession>> {
        self.by_name.get(name).map(|session| session.value().clone()).filter(Addr::connected)
    }

    /// Begins a session on this thread, unless there is one of this name.
    #[must_use]
    pub fn open(&self, name: String, admitted: Admitted, shard: &LocalShard) -> Addr<PollingSession> {
        match self.by_name.entry(name.clone()) {
            Entry::Occupied(found) if found.get().connected() => found.get().clone(),
            entry => {
                let session = PollingSession::start_on(self.clone(), name, admitted, shard);
                entry.insert(session.clone());
                session
            }
        }
    }

    fn forget(&self, name: &str, session: &Addr<PollingSession>) {
        self.by_name.remove_if(name, |_, other| other == session);
    }
}

/// Who may begin a session.
pub struct Admitted {
    /// The app.
    pub app: Arc<App>,
    /// The signed-in user, on the built-in app only.
    pub principal: Option<Principal>,
    /// What proved that; every later request of the session carries the same.
    pub credential: Option<String>,
}

#[derive(Default)]
struct PollingTransport {
    /// Something waits to be sent.
    wake: Notify,
    /// The session was cut.
    cut: Notify,
}

impl Transport for PollingTransport {
    fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        // Only an answer can take frames, and only when its client took those before.
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn request_flush(&self) {
        self.wake.notify_one();
    }

    fn abort(&self) {
        self.cut.notify_one();
    }
}

/// What the session shares with the answer in hand.
struct PollingState {
    shard: LocalShard,
    transport: Rc<PollingTransport>,
    outbound: Rc<Outbound>,
    session: Addr<Session>,
    credential: Option<String>,
    /// What goes out first: the chunk that opens the session, and what an answer was to bring when
    /// its connection ended.
    unsent: RefCell<String>,
    /// The last piece handed over, as long as nobody may have claimed it.
    offered: RefCell<Option<Offer>>,
    /// Messages are taken one request after the other.
    turn: Mutex<()>,
    waiting: Cell<usize>,
}

/// The actor of a session over HTTP.
pub struct PollingSession {
    name: String,
    sessions: PollingSessions,
    state: Rc<PollingState>,
    /// Number of answers so far; tells an old one from the one in hand.
    answers: u64,
    /// The answer in hand.
    answer: Option<SpawnHandle>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PollingAnswerEnd {
    /// The client is expected to ask for the next.
    Over,
    /// So is the session.
    SessionOver,
}

impl PollingSession {
    fn start_on(sessions: PollingSessions, name: String, admitted: Admitted, shard: &LocalShard) -> Addr<Self> {
        let transport = Rc::new(PollingTransport::default());
        let outbound = Rc::new(Outbound::new(transport.clone(), shard.settings().outbound_limit_bytes));
        let session = Session::open(admitted.app, admitted.principal, shard.clone(), outbound.clone());
        let unsent = RefCell::new(open(&shard.settings().http_hostname));
        let (shard, credential) = (shard.clone(), admitted.credential);
        let (offered, turn, waiting) = (RefCell::default(), Mutex::new(()), Cell::new(0));
        let state = PollingState { shard, transport, outbound, session, credential, unsent, offered, turn, waiting };
        Self { name, sessions, state: Rc::new(state), answers: 0, answer: None }.start()
    }

    /// Ends the session when nobody asks for an answer in time.
    fn wait_for_next(&mut self, ctx: &mut Context<Self>) {
        let expected = self.answers;
        let grace = Duration::from_secs(self.state.shard.settings().http_grace_s);
        ctx.run_later(grace, move |session, ctx| {
            if session.answers == expected {
                ctx.stop();
            }
        });
    }
}

impl Actor for PollingSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let transport = self.state.transport.clone();
        ctx.spawn(async move { transport.cut.notified().await }.into_actor(self).map(|(), _, ctx| ctx.stop()));
        self.wait_for_next(ctx);
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.sessions.forget(&self.name, &ctx.address());
        // The last message of a session that takes no others: its mailbox cannot be full.
        self.state.session.do_send(ConnectionLost);
    }
}

impl Handler<BeginPollingAnswer> for PollingSession {
    type Result = MessageResult<BeginPollingAnswer>;

    fn handle(&mut self, BeginPollingAnswer { kind, credential }: BeginPollingAnswer, ctx: &mut Self::Context) -> Self::Result {
        if credential != self.state.credential {
            return MessageResult(None);
        }
        self.state.outbound.record_heard(self.state.shard.now());
        if let Some(before) = self.answer.take() {
            // Its client is gone, or asks anew: dropping the sending half ends it.
            ctx.cancel_future(before);
        }
        self.state.take_back();
        let (sender, pieces) = mpsc::channel(1);
        self.answers += 1;
        let (state, number) = (self.state.clone(), self.answers);
        let answer = async move { state.answer(kind, &sender).await };
        self.answer = Some(ctx.spawn(answer.into_actor(self).map(move |end, session, ctx| {
            if end == PollingAnswerEnd::SessionOver {
                ctx.stop();
            } else if session.answers == number {
                session.answer = None;
                session.wait_for_next(ctx);
            }
        })));
        MessageResult(Some(pieces))
    }
}

impl Handler<MessagesReceived> for PollingSession {
    type Result = ResponseFuture<Result<(), MessagesRefused>>;

    fn handle(&mut self, MessagesReceived { messages, credential }: MessagesReceived, _: &mut Self::Context) -> Self::Result {
        let state = self.state.clone();
        if credential != state.credential {
            return Box::pin(async { Err(MessagesRefused::NotYours) });
        }
        state.outbound.record_heard(state.shard.now());
        if state.waiting.get() >= MOST_WAITING {
            return Box::pin(async { Err(MessagesRefused::TooMany) });
        }
        state.waiting.set(state.waiting.get() + 1);
        Box::pin(async move {
            state.take_in(messages).await;
            state.waiting.set(state.waiting.get() - 1);
            Ok(())
        })
    }
}

impl PollingState {
    async fn take_in(&self, messages: Vec<String>) {
        let _turn = self.turn.lock().await;
        for message in messages {
            if self.outbound.is_closing() {
                return;
            }
            if message.len() > self.shard.settings().max_frame_bytes {
                return self.shard.close(&self.outbound, 1009, "message too large");
            }
            if self.session.send(TextReceived(ByteString::from(message))).await.is_err() {
                return;
            }
        }
    }

    /// Takes the last piece back if its connection ended before it sent it: the next answer brings
    /// it.
    fn take_back(&self) {
        if let Some(text) = self.offered.take().and_then(Offer::take_back) {
            self.unsent.borrow_mut().push_str(&text);
        }
    }

    /// Fills an answer, as fast as its client takes it.
    async fn answer(&self, kind: PollingKind, sender: &mpsc::Sender<PollingPiece>) -> PollingAnswerEnd {
        let mut sent_units = 0;
        loop {
            let Ok(permit) = sender.reserve().await else { return PollingAnswerEnd::Over };
            let Some(Chunks { text, ends_session }) = self.next_chunks(sender).await else { return PollingAnswerEnd::Over };
            sent_units += units(&text);
            let (piece, offer) = PollingPiece::offer(text);
            self.offered.replace(Some(offer));
            permit.send(piece);
            if ends_session {
                return PollingAnswerEnd::SessionOver;
            }
            if kind == PollingKind::Poll {
                return PollingAnswerEnd::Over;
            }
            if sent_units > ANSWER_UNITS {
                // The client drops this answer as soon as it has read it: nothing may be under way
                // then.
                let _ = tokio::time::timeout(NEXT_ANSWER_PATIENCE, sender.closed()).await;
                sent_units = 0;
            }
        }
    }

    /// Waits for something to send, or for the time of a heartbeat. `None`: nobody reads any more.
    async fn next_chunks(&self, sender: &mpsc::Sender<PollingPiece>) -> Option<Chunks> {
        let unsent = self.unsent.take();
        if !unsent.is_empty() {
            return Some(Chunks { text: unsent, ends_session: false });
        }
        let heartbeat = self.shard.pause(Duration::from_secs(self.shard.settings().http_heartbeat_s));
        tokio::pin!(heartbeat);
        loop {
            let found = chunks(&self.outbound.take_up_to(PIECE_BYTES));
            if !found.text.is_empty() {
                return Some(found);
            }
            tokio::select! {
                () = self.transport.wake.notified() => {}
                () = sender.closed() => return None,
                () = &mut heartbeat => return Some(Chunks { text: HEARTBEAT.to_owned(), ends_session: false }),
            }
        }
    }
}
