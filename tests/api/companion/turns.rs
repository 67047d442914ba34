//! A turn runs from the question to the end of its answer: frames, snapshot, second device, stop,
//! versions.

use super::*;

const LONG: &str = "Satu langkah dulu. Lalu satu lagi. Tarik napas pelan. Minum air putih. Tulis tiga hal baik. Ceritakan kepada teman. Tidur cukup malam ini. \
                    Besok coba lagi. Kamu sudah berani bercerita. Itu langkah penting. Terima kasih sudah percaya. Sampai nanti ya.";

#[actix_web::test]
async fn an_answer_streams_in_numbered_frames_and_is_kept() {
    let scene = Scene::open().await;
    let mut socket = scene.ana.connect().await;
    scene.provider.then(slow("Halo Ana! Apa kabar? Aku di sini untuk mendengarkan."));
    let answer = scene.ask("Halo, aku Ana").await;
    assert_eq!(answer["status"], "streaming");
    assert_eq!(answer["kind"], "model");
    assert_eq!(answer["text"], "");
    assert_eq!(answer["seq"], 0);
    let heard = Heard::to_the_end(&mut socket, &answer["id"]).await;
    assert_eq!(heard.text, "Halo Ana! Apa kabar? Aku di sini untuk mendengarkan.");
    assert!(heard.seq >= 2, "sentences come one by one, not all at the end: {}", heard.seq);
    let started = heard.started.expect("every device hears of the question");
    assert_eq!(started["thread_id"], json!(scene.thread));
    assert_eq!(started["question"]["body"], "Halo, aku Ana");
    assert!(started["question"].get("level").is_none());
    let (name, end) = heard.end.unwrap();
    assert_eq!(name.as_str(), "companion.done");
    assert_eq!(end["status"], "done");
    assert_eq!(end["text"], json!(heard.text));
    assert_eq!(end["seq"], json!(heard.seq));
    assert!(end["id"].is_string() && end["cursor"].is_string() && end["error"].is_null(), "{end}");

    let kept = scene.ended(&answer["id"]).await;
    assert_eq!(kept["status"], "done");
    assert_eq!(kept["text"], json!(heard.text));
    assert_eq!(kept["seq"], json!(heard.seq));
    let thread = scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await;
    assert_eq!(thread["title"], "Halo, aku Ana");
    let roles: Vec<_> = thread["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["student", "companion"]);
    let call = &scene.provider.chats()[0];
    assert_eq!(call.authorization.as_deref(), Some("Bearer kunci-uji"));
    assert_eq!(call.body["model"], "model-uji");
    assert_eq!(call.body["stream"], true);
    scene.close().await;
}

#[actix_web::test]
async fn a_device_that_comes_late_sees_the_text_so_far_and_then_the_rest() {
    let scene = Scene::open().await;
    let mut early = scene.ana.connect().await;
    scene.provider.then(very_slow(LONG));
    let answer = scene.ask("Aku gugup").await;
    let mut first = Heard::default();
    while first.seq < 3 {
        first.one(&mut early, &answer["id"]).await;
    }
    // A reload: socket first, then the snapshot.
    let mut late = scene.ana.connect().await;
    let snapshot = scene.answer(&answer["id"]).await;
    assert_eq!(snapshot["status"], "streaming");
    let mut second = Heard { text: snapshot["text"].as_str().unwrap().into(), seq: snapshot["seq"].as_i64().unwrap(), ..Heard::default() };
    assert!(second.seq >= 3 && LONG.starts_with(&second.text), "{snapshot}");
    let of_thread = scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await["messages"][1].clone();
    assert!(of_thread["seq"].as_i64().unwrap() >= second.seq, "the thread shows the same");
    while second.end.is_none() {
        let event = late.next_event().await;
        let data = event.json();
        match event.event.as_str() {
            "companion.delta" if data["seq"].as_i64().unwrap() > second.seq => {
                assert_eq!(data["seq"], second.seq + 1, "the next frame fits the snapshot");
                second.seq += 1;
                second.text.push_str(data["text"].as_str().unwrap());
            }
            "companion.done" => second.end = Some((event.event, data)),
            _ => {}
        }
    }
    while first.end.is_none() {
        first.one(&mut early, &answer["id"]).await;
    }
    assert_eq!(first.text.as_str(), LONG);
    assert_eq!(second.text.as_str(), LONG);
    scene.close().await;
}

#[actix_web::test]
async fn stop_closes_the_providers_request_keeps_the_text_and_can_be_repeated() {
    let scene = Scene::open().await;
    let mut devices = [scene.ana.connect().await, scene.ana.connect().await];
    scene.provider.then(slow(LONG));
    let answer = scene.ask("Aku gugup").await;
    let mut heard = [Heard::default(), Heard::default()];
    for (device, heard) in devices.iter_mut().zip(&mut heard) {
        while heard.seq < 2 {
            heard.one(device, &answer["id"]).await;
        }
    }
    let (status, stopped) = stop(&scene.ana, &answer).await;
    assert_eq!(status, 200, "{stopped}");
    assert_eq!(stopped["status"], "stopped");
    assert_eq!(stopped["error"], Value::Null);
    for (device, heard) in devices.iter_mut().zip(&mut heard) {
        while heard.end.is_none() {
            heard.one(device, &answer["id"]).await;
        }
        let (name, end) = heard.end.as_ref().unwrap();
        assert_eq!(name.as_str(), "companion.done");
        assert_eq!(end["status"], "stopped");
        assert_eq!(end["text"], json!(heard.text));
    }
    assert!(LONG.starts_with(&heard[0].text) && heard[0].text.len() < LONG.len());
    assert_eq!(stopped["text"], heard[0].text);
    // The answer was stopped and not completed: our request to the provider ends in the middle.
    let call = scene.provider.until_last("the client closes", |call| call.closed_by_client).await;
    assert!(!call.is_whole);
    for _ in 0..2 {
        assert_eq!(stop(&scene.ana, &answer).await, (200, stopped.clone()));
    }
    scene.close().await;
}

#[actix_web::test]
async fn versions_are_kept_and_a_repeated_wish_for_another_one_is_one_wish() {
    let scene = Scene::open().await;
    let first = scene.ask("Beri aku saran").await;
    scene.ended(&first["id"]).await;
    scene.provider.then(very_slow("Versi kedua yang lain. Begitu saja."));
    let (status, second) = regenerate(&scene.ana, &first).await;
    let second = second["answer"].clone();
    assert_eq!(status, 202, "{second}");
    assert_eq!(second["version"], 2);
    assert_eq!(second["versions"], json!([first["id"], second["id"]]));
    let (status, again) = regenerate(&scene.ana, &second).await;
    assert_eq!(status, 202, "it grows already");
    assert_eq!(again["answer"]["id"], second["id"], "it grows already");
    let second = scene.ended(&second["id"]).await;
    assert_eq!(second["text"], "Versi kedua yang lain. Begitu saja.");
    let kept = scene.answer(&first["id"]).await;
    assert_eq!(kept["text"], "Halo dari model. Semoga harimu baik.");
    assert_eq!(kept["version"], 1);
    assert_eq!(kept["versions"], second["versions"]);
    let thread = scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 2, "only the newest version stands in the thread");
    assert_eq!(thread["messages"][1]["id"], second["id"]);
    let asked = scene.provider.chats();
    assert_eq!(asked[0].messages(), asked[1].messages(), "the same context, without the first version");
    scene.close().await;
}

#[actix_web::test]
async fn the_context_holds_what_was_said_before_the_question() {
    let scene = Scene::open().await;
    for question in ["Namaku Ana", "Siapa namaku?"] {
        let answer = scene.ask(question).await;
        scene.ended(&answer["id"]).await;
    }
    let messages = scene.provider.chats()[1].messages();
    let roles: Vec<_> = messages.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(messages[1].1.as_str(), "Namaku Ana");
    assert_eq!(messages[3].1.as_str(), "Siapa namaku?");
    assert!(messages[0].1.contains("student"));
    scene.close().await;
}

#[actix_web::test]
async fn a_repeated_send_is_one_question_and_another_text_under_its_id_is_refused() {
    let scene = Scene::open().await;
    let client_id = Uuid::now_v7().to_string();
    let (status, first) = ask_as(&scene.ana, &scene.thread, &client_id, "Halo").await;
    assert_eq!(status, 202);
    scene.ended(&first["answer"]["id"]).await;
    let (status, again) = ask_as(&scene.ana, &scene.thread, &client_id, "Halo").await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(again["question"], first["question"]);
    assert_eq!(again["answer"]["status"], "done");
    let (status, problem) = ask_as(&scene.ana, &scene.thread, &client_id, "Halo juga").await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "companion.client_id_reused");
    let elsewhere = new_thread(&scene.ana).await;
    assert_eq!(ask_as(&scene.ana, &elsewhere, &client_id, "Halo").await.0, 409);
    assert_eq!(scene.provider.chats().len(), 1);

    // Twenty at once: one question, one answer, one request.
    let client_id = Uuid::now_v7().to_string();
    let sends = (0..20).map(|_| ask_as(&scene.ana, &scene.thread, &client_id, "Serentak"));
    let answers = futures_util::future::join_all(sends).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 202).count(), 1);
    assert!(
        answers.iter().all(|(status, body)| matches!(status, 200 | 202) && body["answer"]["id"] == answers[0].1["answer"]["id"]),
        "{answers:?}"
    );
    scene.nobody_talks().await;
    assert_eq!(scene.provider.chats().len(), 2);
    scene.close().await;
}

#[actix_web::test]
async fn one_answer_of_a_thread_grows_at_a_time() {
    let scene = Scene::open().await;
    scene.provider.then(very_slow(LONG));
    let answer = scene.ask("Satu").await;
    let (status, problem) = ask(&scene.ana, &scene.thread, "Dua").await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "companion.busy");
    let other = new_thread(&scene.ana).await;
    assert_eq!(ask(&scene.ana, &other, "Tiga").await.0, 202, "another thread is free");
    stop(&scene.ana, &answer).await;
    assert_eq!(ask(&scene.ana, &scene.thread, "Empat").await.0, 202);
    scene.close().await;
}

#[actix_web::test]
async fn frames_of_an_answer_are_at_least_forty_ms_apart() {
    let scene = Scene::open().await;
    let mut socket = scene.ana.connect().await;
    let sentences: Vec<String> = (0..60).map(|number| format!("Kalimat {number}. ")).collect();
    scene.provider.then(Reply::Words { words: sentences, every: Duration::from_millis(5) });
    // Measured from before the first frame, which may have waited for this test: a frame that is
    // read late makes the time longer, never shorter.
    let began = tokio::time::Instant::now();
    let answer = scene.ask("Banyak").await;
    let mut heard = Heard::default();
    let mut times = Vec::new();
    while heard.end.is_none() {
        let before = heard.seq;
        heard.one(&mut socket, &answer["id"]).await;
        if heard.seq > before {
            times.push(tokio::time::Instant::now());
        }
    }
    let span = *times.last().unwrap() - began;
    let frames = u32::try_from(times.len()).unwrap();
    assert!(frames >= 4, "{frames}");
    assert!(span >= Duration::from_millis(38) * (frames - 1), "{frames} frames in {span:?}");
    scene.close().await;
}

#[actix_web::test]
async fn without_a_key_the_offline_companion_answers_through_the_same_way() {
    // The school's day decides: the day's count begins anew at midnight.
    let app = TestApp::builder().clock(Clock::manual(EVENING)).start().await;
    let ana = app.student("ana").await;
    let info = ana.get("/companion").await;
    assert_eq!(info["provider"], "offline");
    assert_eq!(info["left_today"], 100);
    assert_eq!(info["limit_per_day"], 100);
    assert!(info["disclosure"].as_str().unwrap().contains("tanpa model AI"), "{info}");
    let mut socket = ana.connect().await;
    let thread = new_thread(&ana).await;
    let (_, asked) = ask(&ana, &thread, "Aku cemas soal ujian besok").await;
    let answer = &asked["answer"];
    assert_eq!(answer["kind"], "offline");
    let heard = Heard::to_the_end(&mut socket, &answer["id"]).await;
    assert!(heard.text.contains("soal belajar") && heard.text.contains("tanpa model AI"), "{}", heard.text);
    assert!(heard.seq > 3);
    assert_eq!(ana.get("/companion").await["left_today"], 99);
    app.stop().await;
}

#[actix_web::test]
async fn an_answer_outlives_the_request_and_the_socket_that_began_it() {
    let scene = Scene::open().await;
    scene.provider.then(slow("Aku tetap menjawab. Walau kamu pergi."));
    let request = scene.ana.request(reqwest::Method::POST, &format!("/companion/threads/{}/messages", scene.thread));
    let request = request.json(&json!({ "client_id": Uuid::now_v7().to_string(), "body": "Dah" })).timeout(Duration::from_millis(3));
    let _ = request.send().await;
    let newest = || async { scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await["messages"][1].clone() };
    until("the answer is whole or was never begun", async || {
        let answer = newest().await;
        answer.is_null() && scene.app.running.live_answers().await == 0 || answer["status"] == "done"
    })
    .await;
    scene.close().await;
}
