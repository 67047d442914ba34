//! Owns the signed-in user of a socket of an app: `pusher:signin`, the watchlist, and the rights of
//! that user. Called by the session. Must not decide who is online: the census does.

use super::{local_shard::LocalShard, outbound::Outbound};
use crate::{
    domain::{
        apps::app_user::AppUser,
        ids::{AppId, SocketId},
        live::{channel::ChannelName, presence::Member},
        topic::Topic,
    },
    services::{apps::table::App, live::port::Announce as _},
    wire::{codes::PusherCode, command::SignIn, console::LineKind, pusher, signature},
};
use std::cell::RefCell;

/// The user that a socket is signed in as, if any. Boxed: most sockets have none.
#[derive(Debug, Default)]
pub(super) struct SignInState(RefCell<Option<Box<UserSignIn>>>);

#[derive(Debug)]
struct UserSignIn {
    member: Member,
    /// The topics that carry the presence of the users of its watchlist.
    watching: Vec<Topic>,
}

impl SignInState {
    /// Returns the user as a member of presence channels.
    pub(super) fn member(&self) -> Option<Member> {
        self.0.borrow().as_ref().map(|user| user.member.clone())
    }

    /// Says whether the socket is signed in as this user.
    pub(super) fn is(&self, user_id: &str) -> bool {
        self.0.borrow().as_ref().is_some_and(|user| *user.member.user_id == *user_id)
    }

    /// Signs a socket in and answers it. Fails with a sentence; the socket stays as it was.
    pub(super) async fn accept(
        &self,
        app: &App,
        socket: SocketId,
        request: &SignIn,
        (shard, outbound): (&LocalShard, &std::rc::Rc<Outbound>),
    ) -> Result<(), String> {
        if !app.accepts(&request.auth, &signature::user_text(&socket.to_string(), &request.user_data)) {
            return Err("sign-in: invalid signature".to_owned());
        }
        let user = AppUser::parse(&request.user_data).map_err(|error| format!("sign-in: {error}"))?;
        if self.0.borrow().as_ref().is_some_and(|before| before.member.user_id != user.member.user_id) {
            return Err("sign-in: this socket is signed in as somebody else".to_owned());
        }
        let topic = |channel| Topic { app: app.id.clone(), channel };
        shard.listen(socket, &topic(ChannelName::sign_in(&user.member.user_id)));
        shard.log(&app.id, socket, LineKind::SignedIn, |line| line.user(&user.member.user_id));
        let mut topics: Vec<Topic> = user.watchlist.iter().map(|watched| topic(ChannelName::watched(watched))).collect();
        // The list of the last sign-in counts: lists of a socket do not add up.
        let before = self.0.replace(Some(Box::new(UserSignIn { member: user.member, watching: topics.clone() })));
        shard.send(outbound, &pusher::signin_success(&user.user_data));
        if user.is_watchlist_cut {
            let (code, reason) = (PusherCode::WatchlistTooLong, "watchlist is cut to its first 100 users");
            shard.send(outbound, &pusher::error(Some(code), reason));
            shard.log(&app.id, socket, LineKind::Refused, |line| line.because(Some(code.number()), reason));
        }
        let before = before.map_or_else(Vec::new, |before| before.watching);
        before.iter().filter(|topic| !topics.contains(topic)).for_each(|topic| shard.unsubscribe(socket, topic));
        if !user.watchlist.is_empty() {
            topics.retain(|topic| shard.begin_watch(socket, topic));
            let (online, offline, version) = look(shard, &app.id, &user.watchlist).await;
            shard.send(outbound, &pusher::watchlist_events(&online, &offline));
            topics.iter().for_each(|topic| shard.end_watch(socket, topic, version));
        }
        Ok(())
    }
}

/// Returns the online users, the offline users, and the version of this answer. When the census is
/// out of reach, all are offline.
async fn look<'a>(shard: &LocalShard, app: &AppId, users: &'a [String]) -> (Vec<&'a str>, Vec<&'a str>, u64) {
    shard.hub().await_census().await;
    let (are_online, version) = shard.services().census.are_online(app, users).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "users of a watchlist not looked up");
        (Vec::new(), 0)
    });
    let (online, offline): (Vec<_>, Vec<_>) =
        users.iter().enumerate().partition(|(at, _)| are_online.get(*at).copied().unwrap_or_default());
    let names = |list: Vec<(usize, &'a String)>| list.into_iter().map(|(_, user)| user.as_str()).collect();
    (names(online), names(offline), version)
}
