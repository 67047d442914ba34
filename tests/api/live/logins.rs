//! Sockets end with their login, even when a node missed the event that ended it.

use crate::support::{TestApp, socket::Received, wait::until};
use educounsel::{
    actors::{
        hub::Hub,
        sockets::{
            outbound::{Outbound, Transport},
            shard::HubShard,
        },
    },
    domain::{
        clock::Clock,
        ids::{AppId, LoginId, SocketId, UserId},
        live::registry::SocketOwner,
    },
    services::live::port::LoginEnd,
};
use std::{
    cell::RefCell,
    io::{self, IoSlice},
    rc::Rc,
};

/// Stores the bytes that a socket would have been sent.
#[derive(Clone, Default)]
struct Recorder(Rc<RefCell<Vec<u8>>>);

impl Transport for Recorder {
    fn try_write(&self, frames: &[IoSlice<'_>]) -> io::Result<usize> {
        let before = self.0.borrow().len();
        frames.iter().for_each(|frame| self.0.borrow_mut().extend_from_slice(frame));
        Ok(self.0.borrow().len() - before)
    }

    fn request_flush(&self) {}

    fn abort(&self) {}
}

impl Recorder {
    fn has(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.0.borrow()).contains(text)
    }
}

/// The login was valid at the handshake, and the event of its end passed before the socket was
/// registered.
#[actix_web::test]
async fn a_socket_whose_login_ended_during_its_handshake_ends() {
    let app = TestApp::builder().set(|config| config.realtime.login_check_s = 3600).start().await;
    let ana = app.student("ana").await;
    let context = &app.running.context;
    let user = UserId::parse(&ana.id).unwrap();
    let login = context.cache.list_logins(user).await.unwrap()[0].id;
    let (hub, _outgoing) = Hub::new(context.bus.clone(), context.watched.clone());
    let shard = HubShard::start_local(&hub, context);
    let mut sent = Vec::new();
    for (n, login) in [(1, login), (2, LoginId::generate())] {
        let recorder = Recorder::default();
        let outbound = Rc::new(Outbound::new(Rc::new(recorder.clone()), 65_536));
        shard.connect(SocketId::new(n, n), &AppId("educounsel".into()), Some(SocketOwner { user, login }), &outbound);
        sent.push((recorder, outbound));
    }
    until("the late socket is told", async || sent[1].0.has(r#"\"reason\":\"expired\""#)).await;
    assert!(sent[1].1.is_closing() && sent[0].0.has("connection_established"));
    assert!(!sent[0].0.has("session.ended") && !sent[0].1.is_closing(), "both were asked about together");
    app.stop().await;
}

#[actix_web::test]
async fn a_login_that_runs_out_takes_its_sockets_along() {
    let clock = Clock::manual(Clock::System.now_ms());
    let settings = |config: &mut educounsel::config::Config| {
        (config.security.session_idle_h, config.realtime.login_check_s) = (2, 1);
    };
    let app = TestApp::builder().clock(clock.clone()).set(settings).start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    let (mut ana_socket, mut budi_socket) = (ana.connect().await, budi.connect().await);
    clock.advance(90 * 60_000);
    ana.get("/auth/me").await;
    clock.advance(31 * 60_000);
    let ended = budi_socket.next_named("session.ended").await.json();
    assert_eq!(ended["reason"], "expired");
    assert!(matches!(budi_socket.receive().await, Received::Closed { code: 4009, .. }));
    app.barrier(&mut ana_socket).await;
    app.stop().await;
}

/// At once more publications than the queue to the bus holds: it may drop them, but never the end
/// of sockets.
#[actix_web::test]
async fn an_end_of_sockets_waits_for_its_turn_behind_any_number_of_publications() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut socket = ana.connect().await;
    let user = UserId::parse(&ana.id).unwrap();
    let announce = &app.running.context.announce;
    for _ in 0..10_000 {
        announce.queue_event(
            &educounsel::domain::live::channel::ChannelName::user(UserId::generate()),
            educounsel::wire::desk_event::DeskEvent::MaterialChanged,
            serde_json::json!({}),
        );
    }
    announce.end_sockets(user, None, LoginEnd::Revoked);
    assert_eq!(socket.next_named("session.ended").await.json()["reason"], "revoked");
    socket.expect_close(4009).await;
    app.stop().await;
}
