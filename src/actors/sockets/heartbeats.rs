//! Owns the watch over silent sockets: it pings them, then closes them. Called by the shard's tick,
//! once a second. Must not touch a socket that is not due.

use super::shard::ShardState;
use crate::{
    domain::live::heartbeat::{Verdict, judge},
    wire::{codes::PusherCode, pusher},
};

impl ShardState {
    /// Looks at the sockets that are due.
    pub(super) fn check_heartbeats(&self) {
        let settings = self.settings();
        let now = self.services.clock.instant();
        let due = self.wheel.borrow_mut().tick();
        for socket in due {
            let Some(outbound) = self.registry.borrow().sink(socket).cloned() else { continue };
            if outbound.is_closing() {
                continue;
            }
            let (silent_s, was_pinged) = outbound.silence(now);
            match judge(silent_s, was_pinged, settings.activity_timeout_s, settings.pong_timeout_s) {
                Verdict::LookAgainIn(delay_s) => self.wheel.borrow_mut().schedule(socket, delay_s),
                Verdict::Ping(delay_s) => {
                    outbound.record_ping();
                    // A refusal means that the queue is full or closing; the next look decides.
                    let _ = outbound.send(&pusher::ping());
                    self.wheel.borrow_mut().schedule(socket, delay_s);
                }
                Verdict::Dead => self.end_dropping(&outbound, PusherCode::PongMissing),
            }
        }
    }
}
