//! A million damaged inputs for each parser that strangers reach: text frames, WebSocket frames,
//! signatures of requests, trigger bodies. Each input is made from a corpus of what real clients
//! send. No parser may panic, limits hold, and an accepted input means the same when it is written
//! out and read again.
//!
//! `FUZZ_CASES` sets the number of inputs, `FUZZ_SEED` the first seed; a failure names the seed of
//! its input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

mod commands;
mod damage;
mod signatures;
mod sockets;
mod triggers;

use damage::Dice;
use std::{
    env, panic,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

const CASES: u64 = 1_000_000;
/// Number of inputs that a thread takes at once.
const STEP: u64 = 1_000;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs `case` with a million seeds on all cores. `case` returns whether the input was accepted; at
/// least `accepted` in a thousand must be, so that the parser does not only see rubbish.
fn for_a_million(case: fn(&mut Dice) -> bool, accepted: u64) {
    let (cases, first) = (setting("FUZZ_CASES", CASES), setting("FUZZ_SEED", 0));
    let (next, accepts) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let from = next.fetch_add(STEP, Ordering::Relaxed);
            if from >= cases {
                return;
            }
            for seed in first + from..first + cases.min(from + STEP) {
                let outcome = panic::catch_unwind(|| case(&mut Dice::new(seed)));
                let Ok(is_accepted) = outcome else { panic!("FUZZ_SEED={seed} FUZZ_CASES=1 shows it again") };
                accepts.fetch_add(u64::from(is_accepted), Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (accepts, all) = (accepts.into_inner(), cases);
    println!("{all} inputs, {accepts} of them accepted");
    assert!(cases < CASES || (accepts * 1000 / all >= accepted && accepts < all), "{accepts} of {all} accepted");
}

#[test]
fn a_million_text_frames_break_nothing() {
    for_a_million(commands::case, 100);
}

#[test]
fn a_million_streams_of_websocket_frames_break_nothing() {
    for_a_million(sockets::case, 100);
}

#[test]
fn a_million_request_signatures_break_nothing() {
    for_a_million(signatures::request, 10);
}

#[test]
fn a_million_channel_signatures_break_nothing() {
    for_a_million(signatures::channel, 10);
}

#[test]
fn a_million_trigger_bodies_break_nothing() {
    for_a_million(triggers::case, 100);
}
