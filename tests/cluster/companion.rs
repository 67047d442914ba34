//! Growing answers survive or end cleanly when servers die, stop, or run as two nodes.

use crate::{
    databases::server_url,
    support::{
        TestSocket, TestUser,
        process::{ServerPlan, ServerProcess},
        provider::{FakeProvider, Reply, words},
        wait::{until, until_within},
    },
    two_nodes::plan_nodes,
};
use educounsel::domain::{ids::MessageId, principal::Role};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longer than a lease and the time between two checks for dead processes.
const PATIENCE: Duration = Duration::from_secs(30);

fn long_words() -> Vec<String> {
    (0..400).flat_map(|number| words(&format!("Ini kalimat nomor {number}. "))).collect()
}

/// About 7 s of sentences.
async fn slow_provider() -> FakeProvider {
    let provider = FakeProvider::start().await;
    provider.always(Reply::Words { words: long_words().into_iter().take(700).collect(), every: Duration::from_millis(10) });
    provider
}

fn asking(plan: ServerPlan, provider: &FakeProvider) -> ServerPlan {
    plan.set("openai.base_url", &provider.url).set("openai.api_key", "kunci-uji").set("realtime.drain_s", 0)
}

async fn thread_of(user: &TestUser) -> String {
    user.post("/companion/threads", &json!({})).await.1["id"].as_str().unwrap().to_owned()
}

/// Asks and returns the id of the answer.
async fn ask(user: &TestUser, thread: &str) -> String {
    // Any UUID is a client id.
    let body = json!({ "client_id": MessageId::generate().to_string(), "body": "Ceritakan sesuatu" });
    let (status, asked) = user.post(&format!("/companion/threads/{thread}/messages"), &body).await;
    assert_eq!(status, 202, "{asked}");
    asked["answer"]["id"].as_str().unwrap().to_owned()
}

async fn read(user: &TestUser, answer: &str) -> Value {
    user.get(&format!("/companion/messages/{answer}")).await
}

/// Reads frames until `enough`; returns the text and the number of the last one.
async fn listen(socket: &mut TestSocket, answer: &str, text: &mut String, mut seq: i64, enough: impl Fn(i64) -> bool) -> i64 {
    while !enough(seq) {
        let event = socket.next_named("companion.delta").await.json();
        if event["message_id"] == answer && event["seq"].as_i64().unwrap() > seq {
            assert_eq!(event["seq"], seq + 1, "a gap");
            seq += 1;
            text.push_str(event["text"].as_str().unwrap());
        }
    }
    seq
}

async fn until_status(user: &TestUser, answer: &str, status: &str) -> Value {
    // A lease may have to run out first.
    until_within(PATIENCE, status, async || read(user, answer).await["status"] == status).await;
    read(user, answer).await
}

#[tokio::test]
async fn after_a_kill_in_mid_stream_the_answer_is_interrupted_with_what_was_said_and_can_be_tried_again() {
    let provider = slow_provider().await;
    let plan = asking(ServerPlan::new(), &provider);
    plan.add_user("ana", Role::Student);
    let mut first = plan.start().await;
    let ana = first.sign_in("ana").await;
    let mut socket = ana.connect().await;
    let cursor = ana.get("/realtime").await["cursor"].as_str().unwrap().to_owned();
    let thread = thread_of(&ana).await;
    let answer = ask(&ana, &thread).await;
    let mut heard = String::new();
    let mut lengths = Vec::new();
    let mut seq = 0;
    while seq < 40 {
        seq = listen(&mut socket, &answer, &mut heard, seq, |now| now > seq).await;
        lengths.push(heard.len());
    }
    first.kill();

    let second = plan.start().await;
    let ana = ana.on(second.at());
    // No waiting: the start itself repairs it.
    let row = read(&ana, &answer).await;
    assert_eq!(row["status"], "interrupted", "{row}");
    assert_eq!(row["error"]["code"], "companion.interrupted", "{row}");
    let text = row["text"].as_str().unwrap();
    assert!(heard.starts_with(text) || text.starts_with(&heard), "what is kept is what was heard");
    // At most 250 ms of it is lost. By the server's clock, frames are at least 40 ms apart, so
    // twelve of them are nearly twice as much.
    let due = lengths[lengths.len() - 1 - 12];
    assert!(text.len() >= due, "{} of {} characters, {due} were due", text.len(), heard.len());
    // The server accepts connections a moment before its pump has published the repairs of the
    // start.
    let end_missed = async || {
        let missed = ana.get(&format!("/sync?after={cursor}")).await;
        missed["events"].as_array().unwrap().iter().find(|event| event["event"] == "companion.done").cloned()
    };
    until("whoever was away hears of it", async || end_missed().await.is_some()).await;
    let end = end_missed().await.unwrap();
    assert_eq!(end["data"]["status"], "interrupted");
    assert_eq!(end["data"]["text"], row["text"]);

    provider.always(Reply::Words { words: words("Kali ini jawabannya utuh."), every: Duration::ZERO });
    let (status, retried) = ana.post(&format!("/companion/messages/{answer}/regenerate"), &json!({})).await;
    assert_eq!(status, 202, "{retried}");
    let again = until_status(&ana, retried["answer"]["id"].as_str().unwrap(), "done").await;
    assert_eq!(again["text"], "Kali ini jawabannya utuh.", "{again}");
    assert_eq!(again["version"], 2, "{again}");
    until("no answer grows", async || second.metric("companion_live_answers").await == 0.0).await;
}

#[tokio::test]
async fn a_server_that_stops_interrupts_answers_and_gives_them_time_when_it_may() {
    let provider = slow_provider().await;
    let plan = asking(ServerPlan::new(), &provider);
    plan.add_user("ana", Role::Student);
    let mut first = plan.start().await;
    let ana = first.sign_in("ana").await;
    let mut socket = ana.connect().await;
    let answer = ask(&ana, &thread_of(&ana).await).await;
    let mut heard = String::new();
    listen(&mut socket, &answer, &mut heard, 0, |seq| seq >= 5).await;
    first.signal("TERM");
    assert!(first.ended().await.success());
    provider.until_last("the client closes", |call| call.closed_by_client).await;

    let patient = plan.set("realtime.drain_s", 20);
    let mut second = patient.start().await;
    let ana = ana.on(second.at());
    let row = read(&ana, &answer).await;
    assert_eq!(row["status"], "interrupted");
    assert!(row["text"].as_str().unwrap().starts_with(&heard), "a stop loses nothing");
    provider.always(Reply::Words { words: words("Masih sempat. Selesai juga."), every: Duration::from_millis(100) });
    let answer = ask(&ana, &thread_of(&ana).await).await;
    second.signal("TERM");
    assert!(second.ended().await.success());
    let third = patient.start().await;
    let row = read(&ana.on(third.at()), &answer).await;
    assert_eq!(row["status"], "done");
    assert_eq!(row["text"], "Masih sempat. Selesai juga.");
}

async fn two_nodes(provider: &FakeProvider) -> (ServerProcess, ServerProcess) {
    let plan = asking(plan_nodes(&server_url("TEST_REDIS_URL")).await, provider);
    (plan.start().await, plan.start().await)
}

#[tokio::test]
async fn an_answer_is_heard_joined_late_and_stopped_on_another_node() {
    let provider = slow_provider().await;
    let (a, b) = two_nodes(&provider).await;
    let ana = a.sign_in("ana").await;
    let at_b = ana.on(b.at());
    let (mut here, mut there) = (ana.connect().await, at_b.connect().await);
    let answer = ask(&ana, &thread_of(&ana).await).await;
    let (mut text_here, mut text_there) = (String::new(), String::new());
    let seq_here = listen(&mut here, &answer, &mut text_here, 0, |seq| seq >= 10).await;
    let seq_there = listen(&mut there, &answer, &mut text_there, 0, |seq| seq >= 10).await;
    assert_eq!(seq_here, seq_there);
    assert_eq!(text_here, text_there);

    // A device that arrives late, at the other node: the row is a little behind, and another read
    // closes the gap.
    let mut late = at_b.connect().await;
    let deadline = Instant::now() + PATIENCE;
    let (mut text, mut seq) = (String::new(), 0);
    let mut newest = 0;
    while seq == 0 || newest > seq {
        assert!(Instant::now() < deadline);
        let snapshot = read(&at_b, &answer).await;
        (text, seq) = (snapshot["text"].as_str().unwrap().to_owned(), snapshot["seq"].as_i64().unwrap());
        let next = late.next_named("companion.delta").await.json();
        newest = next["seq"].as_i64().unwrap();
        if newest == seq + 1 {
            text.push_str(next["text"].as_str().unwrap());
            seq = newest;
        }
    }
    let seq = listen(&mut late, &answer, &mut text, seq, |now| now >= seq + 5).await;
    listen(&mut here, &answer, &mut text_here, seq_here, |now| now >= seq).await;
    assert_eq!(text, text_here);

    let (status, stopped) = at_b.post(&format!("/companion/messages/{answer}/stop"), &json!({})).await;
    assert_eq!(status, 200, "{stopped}");
    assert_eq!(stopped["status"], "stopped", "{stopped}");
    let call = provider.until_last("the client closes", |call| call.closed_by_client).await;
    assert!(!call.is_whole, "stopped, not said to its end");
    for socket in [&mut here, &mut there, &mut late] {
        let end = socket.next_named("companion.done").await.json();
        assert_eq!(end["status"], "stopped");
        assert_eq!(end["text"], stopped["text"]);
    }
}

#[tokio::test]
async fn a_node_that_starts_leaves_the_answers_of_a_living_one_alone_and_takes_up_those_of_a_dead_one() {
    let provider = slow_provider().await;
    provider.always(Reply::Words { words: long_words(), every: Duration::from_millis(10) });
    let plan = asking(plan_nodes(&server_url("TEST_REDIS_URL")).await, &provider);
    let mut a = plan.start().await;
    let ana = a.sign_in("ana").await;
    let mut socket = ana.connect().await;
    let answer = ask(&ana, &thread_of(&ana).await).await;
    let mut heard = String::new();
    let seq = listen(&mut socket, &answer, &mut heard, 0, |seq| seq >= 3).await;
    let b = plan.start().await;
    let at_b = ana.on(b.at());
    assert_eq!(read(&at_b, &answer).await["status"], "streaming");
    listen(&mut socket, &answer, &mut heard, seq, |now| now >= seq + 20).await;
    assert_eq!(read(&at_b, &answer).await["status"], "streaming", "it goes on beside the new node");
    a.kill();
    let row = until_status(&at_b, &answer, "interrupted").await;
    assert!(!row["text"].as_str().unwrap().is_empty());
    let (status, _) = at_b.post(&format!("/companion/messages/{answer}/regenerate"), &json!({})).await;
    assert_eq!(status, 202, "the thread is free again");
}
