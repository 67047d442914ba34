//! Every companion keeps the same contract; the OpenAI-compatible one also against a misbehaving
//! provider and against a server of another vendor.

use crate::{
    aimock::Aimock,
    provider::{FakeProvider, Reply, Verdict, words},
    wait::until,
};
use educounsel::{
    backends::companion::{Companion, Moderation, ReplyError, ReplyPart, ReplyRequest, offline::OfflineCompanion, openai::OpenAiCompanion},
    config::OpenaiSettings,
    domain::{
        companion::{Speaker, Turn},
        language::Language,
        risk::Level,
    },
};
use futures_util::StreamExt as _;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// A complete answer.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    parts: usize,
    total_tokens: Option<u64>,
    marks: Vec<ReplyPart>,
    error: Option<ReplyError>,
}

fn request(question: &str) -> ReplyRequest {
    let turn = |speaker, text: &str| Turn { speaker, text: text.into() };
    let turns = vec![turn(Speaker::Student, "Halo"), turn(Speaker::Companion, "Halo juga."), turn(Speaker::Student, question)];
    ReplyRequest { system: "Jadilah ramah.".into(), turns, language: Language::Indonesian, level: Level::None, max_answer_tokens: 77 }
}

async fn listen(companion: &dyn Companion, question: &str) -> Said {
    let mut said = Said::default();
    let mut stream = companion.reply_stream(request(question));
    while let Some(part) = stream.next().await {
        assert!(said.error.is_none(), "nothing comes behind an error: {part:?}");
        match part {
            Ok(ReplyPart::Text(text)) => {
                assert!(!text.is_empty());
                said.text.push_str(&text);
                said.parts += 1;
            }
            Ok(ReplyPart::Usage { total_tokens }) => said.total_tokens = Some(total_tokens),
            Ok(mark) => said.marks.push(mark),
            Err(error) => said.error = Some(error),
        }
    }
    said
}

/// Waits for tokens longer than any test lasts.
fn openai(url: &str) -> OpenAiCompanion {
    waiting(url, 60, 60)
}

/// Waits 2 s for a first token and 1 s for the next: for providers that go silent.
fn impatient(url: &str) -> OpenAiCompanion {
    waiting(url, 2, 1)
}

fn waiting(url: &str, first_token_timeout_s: u64, stall_timeout_s: u64) -> OpenAiCompanion {
    let settings = OpenaiSettings {
        api_key: "kunci-uji".into(),
        base_url: url.into(),
        model: "model-uji".into(),
        first_token_timeout_s,
        stall_timeout_s,
        moderation: true,
        ..OpenaiSettings::default()
    };
    OpenAiCompanion::new(&settings).unwrap()
}

/// The contract of every companion.
async fn keeps_the_common_promises(companion: &dyn Companion) {
    let said = listen(companion, "halo, apa kabar?").await;
    assert!(said.parts > 3 && said.error.is_none() && said.text.split_whitespace().count() > 3, "{said:?}");
    let again = listen(companion, "halo, apa kabar?").await;
    assert_eq!(said.text, again.text, "streams do not share anything");
    drop(companion.reply_stream(request("halo")));
    let mut dropped = companion.reply_stream(request("halo"));
    assert!(dropped.next().await.unwrap().is_ok());
    drop(dropped);
    let (one, other) = futures_util::future::join(listen(companion, "halo"), listen(companion, "halo")).await;
    assert_eq!(one.text, other.text, "two at once");
}

#[tokio::test]
async fn the_offline_companion_keeps_the_common_promises() {
    let companion = OfflineCompanion::new().unwrap();
    keeps_the_common_promises(&companion).await;
    assert_eq!(companion.moderate("apa saja").await, Moderation::Unknown);
    assert!(!companion.has_moderation());
}

#[tokio::test]
async fn a_provider_of_ours_is_heard_word_by_word() {
    let provider = FakeProvider::start().await;
    provider.always(Reply::Words { words: words("Satu dua tiga empat lima."), every: Duration::from_millis(1) });
    let companion = openai(&provider.url);
    keeps_the_common_promises(&companion).await;
    let said = listen(&companion, "hitung").await;
    assert_eq!(said.text.as_str(), "Satu dua tiga empat lima.");
    assert_eq!(said.parts, 5);
    assert_eq!(said.total_tokens, Some(105));
    let call = provider.chats().pop().unwrap();
    assert_eq!(call.authorization.as_deref(), Some("Bearer kunci-uji"));
    let roles: Vec<_> = call.messages().into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(call.body["max_completion_tokens"], 77);
    assert_eq!(call.body["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn every_fault_of_a_provider_has_its_name() {
    let provider = FakeProvider::start().await;
    let (patient, impatient) = (openai(&provider.url), impatient(&provider.url));
    let said = || words("Satu dua");
    let status = |code, retry_after| Reply::Status { code, retry_after };
    for (reply, error, text, asked) in [
        (status(401, None), ReplyError::Unauthorised, "", 1),
        (status(403, None), ReplyError::Unauthorised, "", 1),
        (status(404, None), ReplyError::Refused(404), "", 1),
        (status(429, Some("90")), ReplyError::RateLimited, "", 1),
        (status(500, None), ReplyError::Failed(500), "", 3),
        (status(503, Some("90")), ReplyError::Failed(503), "", 1),
        (Reply::Silence, ReplyError::NoFirstToken, "", 1),
        (Reply::NoFirstToken, ReplyError::NoFirstToken, "", 1),
        (Reply::Empty, ReplyError::Empty, "", 1),
        (Reply::StallAfter(said()), ReplyError::Stalled, "Satu dua", 1),
        (Reply::CutAfter(said()), ReplyError::CutOff, "Satu dua", 1),
        (Reply::MalformedAfter(said()), ReplyError::Malformed, "Satu dua", 1),
        (Reply::ErrorAfter(said()), ReplyError::Failed(200), "Satu dua", 1),
    ] {
        let before = provider.chats().len();
        provider.always(reply.clone());
        let goes_silent = matches!(error, ReplyError::NoFirstToken | ReplyError::Stalled);
        let heard = listen(if goes_silent { &impatient } else { &patient }, "halo").await;
        assert_eq!(heard.error, Some(error), "{reply:?}");
        assert_eq!(heard.text.as_str(), text, "{reply:?}");
        assert_eq!(provider.chats().len() - before, asked, "{reply:?}");
    }
    provider.always(Reply::LengthAfter(said()));
    assert_eq!(listen(&patient, "halo").await.marks, [ReplyPart::LengthReached]);
    assert_eq!(listen(&openai("http://127.0.0.1:1/v1"), "halo").await.error, Some(ReplyError::Unreachable));
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_after_the_time_it_names() {
    let provider = FakeProvider::start().await;
    provider.then(Reply::Status { code: 429, retry_after: Some("1") });
    let began = Instant::now();
    assert_eq!(listen(&openai(&provider.url), "halo").await.error, None);
    assert!(began.elapsed() >= Duration::from_secs(1) && provider.chats().len() == 2);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_request_at_once() {
    let provider = FakeProvider::start().await;
    let companion = openai(&provider.url);
    for reply in [
        Reply::StallAfter(words("Satu dua")),
        Reply::Endless,
        Reply::Words { words: words("a b c d e f g h"), every: Duration::from_millis(200) },
    ] {
        provider.then(reply);
        let mut stream = companion.reply_stream(request("halo"));
        assert!(stream.next().await.unwrap().is_ok());
        drop(stream);
        let call = provider.until_last("the client closes", |call| call.closed_by_client).await;
        assert!(!call.is_whole, "in the middle of the answer");
    }
}

#[tokio::test]
async fn what_nobody_takes_is_not_read() {
    const STANDSTILL: Duration = Duration::from_secs(2);
    let provider = FakeProvider::start().await;
    provider.then(Reply::Endless);
    let companion = openai(&provider.url);
    let mut stream = companion.reply_stream(request("halo"));
    assert!(stream.next().await.unwrap().is_ok());
    // The kernels' buffers fill, and then the provider waits: the number of bytes it has sent stops
    // growing. A provider that can write does so within milliseconds. When this process is
    // suspended for longer than the pause, the wait ends early; the checks count bytes, so they
    // hold then too.
    let mut before = 0;
    let call = loop {
        match tokio::time::timeout(STANDSTILL, provider.until_last("more", |call| call.sent_bytes > before)).await {
            Ok(call) => before = call.sent_bytes,
            Err(_) => break provider.chats().pop().unwrap(),
        }
    };
    assert!(!call.closed_by_client && call.sent_bytes < 30_000_000, "{}", call.sent_bytes);
    // Once enough is read, the provider goes on: at the latest when all that it has sent is read.
    let has_gone_on = || provider.chats().pop().unwrap().sent_bytes > before;
    for _ in 0..call.sent_words {
        if has_gone_on() {
            break;
        }
        assert!(stream.next().await.unwrap().is_ok());
    }
    provider.until_last("it goes on", |call| call.sent_bytes > before).await;
}

#[tokio::test]
async fn moderation_is_asked_and_unknown_when_it_does_not_answer() {
    let provider = FakeProvider::start().await;
    let companion = openai(&provider.url);
    for (verdict, expected) in [
        (Verdict::Clear, Moderation::Found(Level::None)),
        (Verdict::SelfHarmIntent, Moderation::Found(Level::Risk)),
        (Verdict::Down, Moderation::Unknown),
        (Verdict::Silence, Moderation::Unknown),
    ] {
        provider.moderates(verdict);
        // The silent provider would stay silent for an hour.
        assert_eq!(companion.moderate("kalimat").await, expected, "{verdict:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_ours_is_understood() {
    let aimock = Aimock::start().await;
    let companion = openai(&aimock.url);
    keeps_the_common_promises(&companion).await;
    let said = listen(&companion, "halo").await;
    assert_eq!(said.text, "Halo juga. Senang bertemu denganmu. Apa kabar hari ini?");
    assert!(said.total_tokens.is_some_and(|tokens| tokens > 0), "it counts: {said:?}");
}

#[tokio::test]
async fn a_stop_closes_the_request_to_a_provider_that_is_not_ours() {
    let aimock = Aimock::start().await;
    let companion = openai(&aimock.url);
    let mut stream = companion.reply_stream(request("pelan"));
    for _ in 0..3 {
        assert!(stream.next().await.unwrap().is_ok());
    }
    assert_eq!(aimock.closed.load(Ordering::SeqCst), 0);
    drop(stream);
    until("the connection is closed", async || aimock.closed.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn the_faults_of_a_provider_that_is_not_ours_have_their_names_too() {
    let aimock = Aimock::start().await;
    let (patient, impatient) = (openai(&aimock.url), impatient(&aimock.url));
    for (question, error) in [
        ("kunci", ReplyError::Unauthorised),
        ("ramai", ReplyError::RateLimited),
        ("rusak", ReplyError::Failed(500)),
        ("diam", ReplyError::NoFirstToken),
        ("putus", ReplyError::CutOff),
        ("tersendat", ReplyError::Stalled),
    ] {
        let goes_silent = matches!(error, ReplyError::NoFirstToken | ReplyError::Stalled);
        let said = listen(if goes_silent { &impatient } else { &patient }, question).await;
        assert_eq!(said.error, Some(error), "{question}: {said:?}");
        assert_eq!(said.text.is_empty(), !matches!(error, ReplyError::CutOff | ReplyError::Stalled), "{question}: {said:?}");
    }
    let malformed = listen(&patient, "kacau").await;
    assert!(matches!(malformed.error, Some(ReplyError::Malformed | ReplyError::CutOff | ReplyError::Empty)), "{malformed:?}");
}
