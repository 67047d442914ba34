//! Owns the pace of an answer on its way to the devices: numbered frames, at most one per 40 ms.
//! Called by `actors/companion`. Must not hold text back for a check: [`super::SentenceGate`] does.

/// Shortest time between two frames of an answer, in ms (product rule).
pub const FRAME_EVERY_MS: u64 = 40;

/// One frame of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Number of the frame, from 1 without gaps.
    pub seq: i64,
    /// Text that the frame adds.
    pub text: String,
}

/// Numbers and paces the frames of one answer. Times are ms of any clock that does not go back.
#[derive(Debug, Default)]
pub struct DeltaPacer {
    waiting: String,
    seq: i64,
    next_at_ms: u64,
}

impl DeltaPacer {
    /// Adds released text.
    pub fn push(&mut self, text: &str) {
        self.waiting.push_str(text);
    }

    /// Returns when the next frame may go; `None` when no text waits.
    #[must_use]
    pub fn due_at_ms(&self) -> Option<u64> {
        (!self.waiting.is_empty()).then_some(self.next_at_ms)
    }

    /// Returns when the next frame may go, whether or not text waits.
    #[must_use]
    pub const fn next_at_ms(&self) -> u64 {
        self.next_at_ms
    }

    /// Returns the frame that is due at `now_ms`.
    pub fn take_due(&mut self, now_ms: u64) -> Option<Delta> {
        if self.due_at_ms()? > now_ms {
            return None;
        }
        self.next_at_ms = now_ms.saturating_add(FRAME_EVERY_MS);
        self.take_rest()
    }

    /// Returns all waiting text, due or not, as the last frame of the answer.
    pub fn take_rest(&mut self) -> Option<Delta> {
        if self.waiting.is_empty() {
            return None;
        }
        self.seq += 1;
        Some(Delta { seq: self.seq, text: std::mem::take(&mut self.waiting) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_gathered_for_forty_ms_and_numbered_without_gaps() {
        let mut pacer = DeltaPacer::default();
        assert_eq!(pacer.due_at_ms(), None);
        assert_eq!(pacer.take_due(5), None);
        pacer.push("a");
        assert_eq!(pacer.take_due(5), Some(Delta { seq: 1, text: "a".into() }), "the first one waits for nothing");
        pacer.push("b");
        assert_eq!(pacer.take_due(44), None);
        assert_eq!(pacer.due_at_ms(), Some(45));
        assert_eq!(pacer.next_at_ms(), 45);
        pacer.push("c");
        assert_eq!(pacer.take_due(45), Some(Delta { seq: 2, text: "bc".into() }));
        pacer.push("d");
        assert_eq!(pacer.take_rest(), Some(Delta { seq: 3, text: "d".into() }));
        assert_eq!(pacer.take_rest(), None);
    }
}
