//! Owns what is published on a topic while a socket joins it. Called by the shard, for every publication, and by `subscribe`, which asks the census meanwhile
//! who is there. So the answer comes first, and nothing published meanwhile is missed. Must not keep more for a socket than its queue may hold.

use crate::{
    domain::{ids::SocketId, topic::Topic},
    wire::envelope::Publication,
};
use std::{cell::RefCell, collections::HashMap, sync::Arc};

/// What a joining socket missed so far.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// In order.
    pub(super) publications: Vec<Arc<Publication>>,
    /// Whether there was more than may be kept.
    pub(super) is_too_much: bool,
    bytes: usize,
}

/// The sockets of a shard that wait for the census.
#[derive(Debug, Default)]
pub(super) struct JoinBuffer(RefCell<HashMap<Topic, Vec<(SocketId, Missed)>>>);

impl JoinBuffer {
    /// Begins to keep what is published on a channel for a socket.
    pub(super) fn begin(&self, topic: &Topic, socket: SocketId) {
        self.0.borrow_mut().entry(topic.clone()).or_default().push((socket, Missed::default()));
    }

    /// Keeps a publication for those who are joining its channel, at most `limit_bytes` for each. Nearly always there is nobody, and nothing to do.
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

    /// Stops, and returns what was kept.
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
