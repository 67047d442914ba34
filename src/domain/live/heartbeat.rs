//! Owns the timing wheel that tells a shard which sockets to check for silence. One wheel serves
//! all sockets of the shard, instead of a timer for each. Called by `actors/sockets/heartbeats`.

use crate::domain::ids::SocketId;
use std::collections::VecDeque;

/// Result of the check of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The socket sent something in time: check it again in this many seconds.
    LookAgainIn(u64),
    /// The socket was silent for the activity time-out: ping it, then check it again in this many
    /// seconds.
    Ping(u64),
    /// The socket did not answer the ping: close it.
    Dead,
}

/// Judges a socket that has been silent for `silent_s` seconds.
#[must_use]
pub const fn judge(silent_s: u64, was_pinged: bool, activity_timeout_s: u64, pong_timeout_s: u64) -> Verdict {
    if silent_s < activity_timeout_s {
        Verdict::LookAgainIn(activity_timeout_s - silent_s)
    } else if !was_pinged {
        Verdict::Ping(pong_timeout_s)
    } else if silent_s < activity_timeout_s + pong_timeout_s {
        Verdict::LookAgainIn(activity_timeout_s + pong_timeout_s - silent_s)
    } else {
        Verdict::Dead
    }
}

/// A ring of one-second slots; each socket is in one slot. The caller skips sockets that are gone
/// when their slot comes.
#[derive(Debug)]
pub struct HeartbeatWheel {
    slots: VecDeque<Vec<SocketId>>,
}

impl HeartbeatWheel {
    /// Makes a wheel that can hold `longest_s` seconds.
    #[must_use]
    pub fn new(longest_s: u64) -> Self {
        let slots = usize::try_from(longest_s).unwrap_or(3600).clamp(1, 3600) + 1;
        Self { slots: std::iter::repeat_with(Vec::new).take(slots).collect() }
    }

    /// Schedules a check of `socket` in `delay_s` seconds (at least 1, at most the wheel's length).
    pub fn schedule(&mut self, socket: SocketId, delay_s: u64) {
        let last = self.slots.len() - 1;
        let slot = usize::try_from(delay_s).unwrap_or(last).clamp(1, last.max(1)) - 1;
        if let Some(sockets) = self.slots.get_mut(slot) {
            sockets.push(socket);
        }
    }

    /// Turns the wheel by one second and returns the sockets to check.
    pub fn tick(&mut self) -> Vec<SocketId> {
        self.slots.push_back(Vec::new());
        self.slots.pop_front().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_socket_is_pinged_once_and_then_ended() {
        assert_eq!(judge(10, false, 120, 30), Verdict::LookAgainIn(110));
        assert_eq!(judge(120, false, 120, 30), Verdict::Ping(30));
        assert_eq!(judge(140, true, 120, 30), Verdict::LookAgainIn(10));
        assert_eq!(judge(150, true, 120, 30), Verdict::Dead);
        assert_eq!(judge(2, true, 120, 30), Verdict::LookAgainIn(118));
    }

    #[test]
    fn sockets_come_up_in_the_second_they_were_noted_for() {
        let mut wheel = HeartbeatWheel::new(5);
        let (a, b) = (SocketId::new(1, 1), SocketId::new(2, 2));
        wheel.schedule(a, 1);
        wheel.schedule(b, 3);
        let seen: Vec<_> = (0..5).map(|_| wheel.tick()).collect();
        assert_eq!(seen, [vec![a], vec![], vec![b], vec![], vec![]]);
        wheel.schedule(a, 99);
        assert_eq!((0..6).filter(|_| !wheel.tick().is_empty()).count(), 1);
    }
}
