//! Owns many sockets: opens them at a rate, reads each in a task of its own, and counts those that
//! end.

use crate::client::socket::{Door, PusherSocket};
use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use ring::hmac;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
    time::MissedTickBehavior,
};

/// Most handshakes at the same time.
const AT_ONCE: usize = 200;

/// Receives the messages of all sockets.
pub trait Listener: Send + Sync + 'static {
    /// Takes a text message of socket number `socket`.
    fn on_text(&self, socket: usize, text: &[u8]);
}

/// Channels that a socket joins, and the proof for them.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Channels to join.
    pub channels: Vec<String>,
    /// Secret that signs them; `None` if the cookie is proof enough.
    pub app_secret: Option<String>,
}

/// The door and the channels of one account.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Server and credentials.
    pub door: Door,
    /// Channels.
    pub membership: Membership,
}

/// Open sockets; dropping it closes them.
#[derive(Debug)]
pub struct Crowd {
    readers: Vec<AbortHandle>,
    ended: Arc<AtomicUsize>,
    /// Time from the first byte of the handshake to the answer to the last subscription, µs per
    /// socket.
    pub handshakes_us: Vec<u64>,
}

impl Crowd {
    /// Opens `count` sockets, `per_second` at most, spread over the entrances. Fails when one
    /// cannot be opened.
    pub async fn open(count: usize, per_second: u32, entrances: &[Entrance], listener: &Arc<dyn Listener>) -> Result<Self> {
        ensure!(!entrances.is_empty(), "no account to connect with");
        let bar = progress_bar(count, "sockets");
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut crowd = Self { readers: Vec::with_capacity(count), ended: Arc::default(), handshakes_us: Vec::with_capacity(count) };
        let mut opening = JoinSet::new();
        for (index, entrance) in (0..count).zip(entrances.iter().cycle()) {
            pace.tick().await;
            let permit = permits.clone().acquire_owned().await?;
            let entrance = entrance.clone();
            opening.spawn(async move {
                let opened = open_socket(&entrance, index).await.with_context(|| format!("socket {index} did not open"));
                drop(permit);
                opened.map(|(socket, us)| (index, socket, us))
            });
            while let Some(opened) = opening.try_join_next() {
                crowd.admit(opened??, listener, &bar);
            }
        }
        while let Some(opened) = opening.join_next().await {
            crowd.admit(opened??, listener, &bar);
        }
        bar.finish_and_clear();
        Ok(crowd)
    }

    fn admit(&mut self, (index, socket, us): (usize, PusherSocket, u64), listener: &Arc<dyn Listener>, bar: &ProgressBar) {
        let (listener, ended) = (listener.clone(), self.ended.clone());
        let reader = tokio::spawn(async move {
            // Returns only when the connection ended. The reason does not matter: the end is
            // counted.
            let _ = socket.listen(|text| listener.on_text(index, text)).await;
            ended.fetch_add(1, Ordering::Relaxed);
        });
        self.readers.push(reader.abort_handle());
        self.handshakes_us.push(us);
        bar.inc(1);
    }

    /// Returns how many sockets ended although this program did not close them.
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.readers.iter().for_each(AbortHandle::abort);
    }
}

async fn open_socket(entrance: &Entrance, index: usize) -> Result<(PusherSocket, u64)> {
    let began = Instant::now();
    let mut socket = PusherSocket::connect(&entrance.door, index).await?;
    join_all(&mut socket, &entrance.membership).await?;
    Ok((socket, u64::try_from(began.elapsed().as_micros())?))
}

/// Joins all channels of a membership.
pub async fn join_all(socket: &mut PusherSocket, membership: &Membership) -> Result<()> {
    for channel in &membership.channels {
        let auth = membership.app_secret.as_ref().map(|key_and_secret| sign(key_and_secret, &socket.socket_id, channel));
        socket.subscribe(channel, auth.as_deref()).await?;
    }
    Ok(())
}

/// Signs a channel as the backend of a Pusher app does. `key_and_secret` is `key:secret`.
fn sign(key_and_secret: &str, socket_id: &str, channel: &str) -> String {
    let (key, secret) = key_and_secret.split_once(':').unwrap_or((key_and_secret, ""));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), format!("{socket_id}:{channel}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{key}:{hex}")
}

/// Makes a bar on standard error; invisible when that is no terminal.
pub fn progress_bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:12} [{bar:40}] {pos}/{len} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_signed_as_the_pusher_documentation_shows() {
        let key = "278d425bdf160c739803:7ad3773142a6692b25b8";
        let expected = "278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4";
        assert_eq!(sign(key, "1234.1234", "private-foobar"), expected);
    }
}
