//! Owns one piece of a polling session's answer. Called by two threads: the connection that sends
//! it, and the session that takes it back when the connection ended before. Must not be sent twice,
//! nor lost: it belongs to the side that claims it first.

use bytes::Bytes;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A piece of an answer, in the hands of the connection that is to send it.
#[derive(Debug)]
pub struct PollingPiece {
    text: Bytes,
    is_claimed: Arc<AtomicBool>,
}

/// The same piece, in the hands of the session.
#[derive(Debug)]
pub(super) struct Offer {
    text: Bytes,
    is_claimed: Arc<AtomicBool>,
}

impl PollingPiece {
    /// Makes a piece, and what the session keeps of it.
    pub(super) fn offer(text: String) -> (Self, Offer) {
        let (text, is_claimed) = (Bytes::from(text), Arc::new(AtomicBool::new(false)));
        (Self { text: text.clone(), is_claimed: is_claimed.clone() }, Offer { text, is_claimed })
    }

    /// Claims the piece to send it; `None`: it was taken back.
    #[must_use]
    pub fn claim(self) -> Option<Bytes> {
        (!self.is_claimed.swap(true, Ordering::AcqRel)).then_some(self.text)
    }
}

impl Offer {
    /// Takes the piece back; `None`: its connection claimed it.
    pub(super) fn take_back(self) -> Option<String> {
        (!self.is_claimed.swap(true, Ordering::AcqRel)).then(|| String::from_utf8_lossy(&self.text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_belongs_to_who_claims_it_first() {
        let (piece, offer) = PollingPiece::offer("one".to_owned());
        assert_eq!(piece.claim().as_deref(), Some(&b"one"[..]));
        assert_eq!(offer.take_back(), None);
        let (piece, offer) = PollingPiece::offer("two".to_owned());
        assert_eq!(offer.take_back().as_deref(), Some("two"));
        assert_eq!(piece.claim(), None);
    }
}
