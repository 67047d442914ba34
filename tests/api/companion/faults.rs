//! Whatever a provider does, an answer ends in a defined state with a plain sentence, and its actor
//! stops.

use super::*;
use educounsel::domain::{companion::Fault, language::Language};

/// A server with a given wait for the first token, which gives up on a stalled answer after a
/// second.
async fn waiting_for_tokens(first_token_timeout_s: u64) -> Scene {
    Scene::with(|builder| {
        builder.set(|config| {
            config.openai.first_token_timeout_s = first_token_timeout_s;
            config.openai.stall_timeout_s = 1;
        })
    })
    .await
}

/// A server that gives up after a second.
async fn impatient() -> Scene {
    waiting_for_tokens(1).await
}

/// Asks a question and expects this end and this text on a device, in the row and in the thread;
/// returns how many requests the provider got.
async fn expect_end(scene: &Scene, status: &str, fault: Option<Fault>, text: &str) -> usize {
    let before = scene.provider.chats().len();
    let mut socket = scene.ana.connect().await;
    let answer = scene.ask("Apakah kamu di sana?").await;
    let heard = Heard::to_the_end(&mut socket, &answer["id"]).await;
    let (name, end) = heard.end.unwrap();
    let error = fault.map_or(Value::Null, |fault| json!({ "code": fault.as_str(), "message": fault.sentence(Language::Indonesian) }));
    assert_eq!(name, if status == "failed" { "companion.failed" } else { "companion.done" });
    for shown in [&end, &scene.ended(&answer["id"]).await] {
        assert_eq!(shown["status"], json!(status));
        assert_eq!(shown["text"], json!(text));
        assert_eq!(shown["error"], error);
    }
    assert_eq!(heard.text, text, "what the device put together is what is kept");
    scene.provider.chats().len() - before
}

#[actix_web::test]
async fn a_refused_key_is_not_tried_again() {
    let scene = waiting_for_tokens(10).await;
    scene.provider.always(Reply::Status { code: 401, retry_after: None });
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Unavailable), "").await, 1);
    scene.provider.always(Reply::Status { code: 404, retry_after: None });
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Unavailable), "").await, 1, "a model that does not exist");
    scene.close().await;
}

#[actix_web::test]
async fn a_provider_that_asks_to_wait_is_asked_again_after_that_time_only() {
    let scene = Scene::open().await;
    scene.provider.then(Reply::Status { code: 429, retry_after: Some("1") }).then(slow("Sekarang bisa."));
    let began = std::time::Instant::now();
    assert_eq!(expect_end(&scene, "done", None, "Sekarang bisa.").await, 2);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    // The provider asks for a longer wait than the first token may take: the answer fails at once.
    // Waiting would take a minute.
    scene.provider.then(Reply::Status { code: 429, retry_after: Some("60") });
    let began = std::time::Instant::now();
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Crowded), "").await, 1);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    scene.close().await;
}

#[actix_web::test]
async fn a_provider_that_fails_is_asked_three_times_at_most() {
    let scene = Scene::open().await;
    scene.provider.then(Reply::Status { code: 500, retry_after: None }).then(Reply::Status { code: 503, retry_after: None });
    assert_eq!(expect_end(&scene, "done", None, "Halo dari model. Semoga harimu baik.").await, 3);
    scene.provider.always(Reply::Status { code: 500, retry_after: None });
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Unavailable), "").await, 3);
    scene.close().await;
}

#[actix_web::test]
async fn a_provider_that_is_not_there_fails_the_answer() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", taken.local_addr().unwrap());
    drop(taken);
    let scene = Scene::with(|builder| builder.set(|config| config.openai.base_url = url)).await;
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Unavailable), "").await, 0);
    scene.close().await;
}

#[actix_web::test]
async fn an_answer_without_a_first_token_ends_in_time_and_closes_the_request() {
    let scene = impatient().await;
    for reply in [Reply::NoFirstToken, Reply::Silence] {
        scene.provider.then(reply);
        // The provider would be silent for an hour.
        assert_eq!(expect_end(&scene, "failed", Some(Fault::NoAnswer), "").await, 1);
        scene.provider.until_last("the client closes", |call| call.closed_by_client).await;
    }
    scene.close().await;
}

#[actix_web::test]
async fn what_breaks_in_the_middle_keeps_what_was_said() {
    let scene = waiting_for_tokens(10).await;
    let said = || words("Tarik napas dulu. Lalu");
    for reply in [Reply::StallAfter(said()), Reply::CutAfter(said()), Reply::MalformedAfter(said()), Reply::ErrorAfter(said())] {
        scene.provider.then(reply.clone());
        let asked = expect_end(&scene, "failed", Some(Fault::CutOff), "Tarik napas dulu. Lalu").await;
        assert_eq!(asked, 1, "never again after a first token: {reply:?}");
    }
    // The question can be tried again.
    let thread = scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await;
    let broken = thread["messages"].as_array().unwrap().last().unwrap().clone();
    let (status, retried) = regenerate(&scene.ana, &broken).await;
    assert_eq!(status, 202);
    assert_eq!(scene.ended(&retried["answer"]["id"]).await["status"], "done");
    scene.close().await;
}

#[actix_web::test]
async fn what_breaks_before_the_first_token_is_tried_again() {
    let scene = Scene::open().await;
    scene.provider.then(Reply::CutAfter(Vec::new()));
    assert_eq!(expect_end(&scene, "done", None, "Halo dari model. Semoga harimu baik.").await, 2);
    scene.provider.then(Reply::MalformedAfter(Vec::new()));
    assert_eq!(expect_end(&scene, "failed", Some(Fault::Unavailable), "").await, 1, "one that speaks another language does not learn ours");
    scene.close().await;
}

#[actix_web::test]
async fn an_empty_answer_is_no_answer() {
    let scene = Scene::open().await;
    scene.provider.then(Reply::Empty);
    assert_eq!(expect_end(&scene, "failed", Some(Fault::NoAnswer), "").await, 1);
    scene.close().await;
}

#[actix_web::test]
async fn a_very_long_answer_is_cut_short_and_the_request_closed() {
    let scene = Scene::open().await;
    scene.provider.then(Reply::Endless);
    let answer = scene.ask("Ceritakan semuanya").await;
    let ended = scene.ended(&answer["id"]).await;
    assert_eq!(ended["status"], "done");
    assert_eq!(ended["error"]["code"], "companion.cut_short");
    assert_eq!(ended["text"].as_str().unwrap().chars().count(), educounsel::domain::companion::MAX_ANSWER_CHARS);
    let call = scene.provider.until_last("the client closes", |call| call.closed_by_client).await;
    assert!(call.sent_bytes < 40_000_000, "what is not wanted is not read: {}", call.sent_bytes);
    scene.provider.then(Reply::LengthAfter(words("Sampai di sini saja.")));
    assert_eq!(expect_end(&scene, "done", Some(Fault::CutShort), "Sampai di sini saja.").await, 1);
    scene.close().await;
}

#[actix_web::test]
async fn many_faults_at_once_leave_no_actor_behind() {
    let scene = impatient().await;
    let crowd = scene.app.crowd("ramai", educounsel::domain::principal::Role::Student, 40).await;
    for round in 0..40 {
        let said = words("Satu dua. Tiga");
        scene.provider.then(match round % 8 {
            7 if round > 10 => Reply::ErrorAfter(said),
            0 => Reply::Status { code: 401, retry_after: None },
            1 => Reply::Status { code: 429, retry_after: Some("99") },
            2 => Reply::NoFirstToken,
            3 => Reply::StallAfter(said),
            4 => Reply::CutAfter(said),
            5 => Reply::MalformedAfter(said),
            6 => Reply::Empty,
            _ => Reply::Endless,
        });
    }
    let asks = crowd.iter().map(async |user| {
        let thread = new_thread(user).await;
        let (status, asked) = ask(user, &thread, "Halo").await;
        assert_eq!(status, 202, "{asked}");
        asked["answer"]["id"].as_str().unwrap().to_owned()
    });
    let answers = futures_util::future::join_all(asks).await;
    scene.nobody_talks().await;
    for (user, answer) in crowd.iter().zip(answers) {
        let ended = user.get(&format!("/companion/messages/{answer}")).await;
        assert_ne!(ended["status"], "streaming", "{ended}");
        assert!(ended["status"] == "done" || ended["error"]["message"].is_string(), "{ended}");
    }
    scene.close().await;
}

#[actix_web::test]
async fn a_second_device_that_deletes_the_thread_ends_the_answer_quietly() {
    let scene = Scene::open().await;
    scene.provider.then(slow(&"Kalimat panjang ini. ".repeat(40)));
    let answer = scene.ask("Halo").await;
    scene.provider.until_last("it streams", |call| call.sent_bytes > 500).await;
    let path = format!("/companion/threads/{}", scene.thread);
    assert_eq!(scene.ana.request(reqwest::Method::DELETE, &path).send().await.unwrap().status(), 204);
    scene.nobody_talks().await;
    scene.provider.until_last("the client closes", |call| call.closed_by_client).await;
    assert_eq!(scene.ana.try_get(&format!("/companion/messages/{}", answer["id"].as_str().unwrap())).await.0, 404);
    assert_eq!(scene.ana.try_get(&path).await.0, 404);
    scene.close().await;
}
