//! A client that stops reading altogether is closed with 4100 and counted; the others are not
//! affected.

use crate::{
    connected_apps::barrier,
    support::{TestSocket, process::ServerPlan, socket::Received, wait::until},
};
use serde_json::json;

const CHANNEL: &str = "private-kelas";
/// More than the kernel keeps for one connection on both sides.
const MOST_EVENTS: usize = 5_000;

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_with_4100_and_counted_while_others_get_everything() {
    let plan = ServerPlan::new().pusher_app().set("realtime.outbound_limit_bytes", 65_536).set("realtime.client_events_per_s", 1_000_000);
    let server = plan.start().await;
    let mut stalled = TestSocket::open_on(server.at(), CHANNEL, None).await;
    let mut healthy = [
        TestSocket::open_on(server.at(), CHANNEL, None).await,
        TestSocket::open_on(server.at(), CHANNEL, None).await,
        TestSocket::open_on(server.at(), CHANNEL, None).await,
    ];
    let mut sender = TestSocket::open_on(server.at(), CHANNEL, None).await;
    let padding = "x".repeat(10_000);
    let mut sent = 0;
    while server.metric("slow_closes_total").await == 0.0 {
        assert!(sent < MOST_EVENTS, "50 MB later the stalled client is still waited for");
        for number in sent..sent + 50 {
            sender.send(json!({ "event": "client-x", "channel": CHANNEL, "data": { "number": number, "padding": padding } })).await;
        }
        for socket in &mut healthy {
            for number in sent..sent + 50 {
                assert_eq!(socket.next_event().await.json()["number"], number, "once each, in order");
            }
        }
        sent += 50;
    }
    // It reads again in time: it gets the frames on the wire, in order, and then the reason.
    let mut read = 0;
    let code = loop {
        match stalled.receive().await {
            Received::Event(event) => {
                assert_eq!(event.json()["number"], read);
                read += 1;
            }
            Received::Closed { code, .. } => break code,
            Received::Cut => panic!("cut after {read} of {sent} events"),
        }
    };
    assert_eq!(code, 4100);
    assert!(read < sent, "it missed something: that is why it is closed");
    until("it is gone", async || server.metric("sockets_open").await == 4.0).await;
    assert_eq!(server.metric("slow_closes_total").await, 1.0);
    for socket in healthy.iter_mut().chain([&mut sender]) {
        barrier(server.at(), socket).await;
    }
}
