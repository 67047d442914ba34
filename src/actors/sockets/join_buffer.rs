//! Owns the publications of a topic while a socket joins it. Called by the shard for every
//! publication, and by `subscribe`, which asks the census for the members meanwhile. Must not keep
//! more for a socket than the socket's queue may hold.
//!
//! - The socket gets the answer first and misses no publication of meanwhile.

use crate::{
    domain::{ids::SocketId, topic::Topic},
    wire::envelope::Publication,
};
use std::{cell::RefCell, collections::HashMap, sync::Arc};

/// The publications that a joining socket missed so far.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// In order.
    pub(super) publications: Vec<Arc<Publication>>,
    /// Whether there were more bytes than may be kept.
    pub(super) is_too_much: bool,
    bytes: usize,
}

/// The sockets of a shard that wait for the census.
#[derive(Debug, Default)]
pub(super) struct JoinBuffer(RefCell<HashMap<Topic, Vec<(SocketId, Missed)>>>);

impl JoinBuffer {
    /// Begins to keep the publications of a topic for a socket.
    pub(super) fn begin(&self, topic: &Topic, socket: SocketId) {
        self.0.borrow_mut().entry(topic.clone()).or_default().push((socket, Missed::default()));
    }

    /// Keeps a publication for the sockets that join its topic, at most `limit_bytes` per socket.
    /// Nearly always no socket joins, and this returns at once.
    pub(super) fn keep(&self, publication: &Arc<Publication>, limit_bytes: usize) {
        let mut waiting = self.0.borrow_mut();
        if waiting.is_empty() {
            return;
        }
        for (socket, missed) in waiting.get_mut(&publication.topic).into_iter().flatten() {
            missed.bytes += publication.frame.encoded().len();
            missed.is_too_much |= missed.bytes > limit_bytes;
            if publication.except != Some(*socket) && !missed.is_too_much {
                missed.publications.push(publication.clone());
            }
        }
    }

    /// Stops keeping for a socket, and returns the kept publications.
    pub(super) fn end(&self, topic: &Topic, socket: SocketId) -> Missed {
        let mut waiting = self.0.borrow_mut();
        let Some(sockets) = waiting.get_mut(topic) else { return Missed::default() };
        let at = sockets.iter().position(|(other, _)| *other == socket);
        let missed = at.map(|at| sockets.swap_remove(at).1).unwrap_or_default();
        if sockets.is_empty() {
            waiting.remove(topic);
        }
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ids::AppId, live::channel::ChannelName},
        wire::frame::Frame,
    };

    fn publication(channel: &str, text: &str) -> Arc<Publication> {
        let topic = Topic { app: AppId("1".into()), channel: ChannelName::parse(channel).unwrap() };
        Arc::new(Publication { except: Some(SocketId::new(9, 9)), ..Publication::new(topic, Frame::text(text)) })
    }

    #[test]
    fn what_is_published_meanwhile_is_kept_for_those_who_join_that_channel() {
        let buffer = JoinBuffer::default();
        let heard = publication("a", "one");
        buffer.keep(&heard, 100);
        for socket in [SocketId::new(1, 1), SocketId::new(9, 9)] {
            buffer.begin(&heard.topic, socket);
        }
        buffer.keep(&heard, 100);
        buffer.keep(&publication("b", "other"), 100);
        assert_eq!(buffer.end(&heard.topic, SocketId::new(1, 1)).publications, std::slice::from_ref(&heard));
        assert!(buffer.end(&heard.topic, SocketId::new(9, 9)).publications.is_empty(), "who caused it does not hear it");
        assert!(buffer.0.borrow().is_empty());
    }

    #[test]
    fn too_much_is_said() {
        let (buffer, heard) = (JoinBuffer::default(), publication("a", "12345678"));
        buffer.begin(&heard.topic, SocketId::new(1, 1));
        (0..3).for_each(|_| buffer.keep(&heard, 25));
        let missed = buffer.end(&heard.topic, SocketId::new(1, 1));
        assert!(missed.is_too_much && missed.publications.len() == 2);
    }
}
