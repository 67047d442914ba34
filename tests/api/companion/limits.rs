//! The companion limits questions per student and day, and tokens per school and month.

use super::*;

#[actix_web::test]
async fn the_day_of_the_school_limits_a_student_and_begins_anew_at_midnight() {
    let clock = Clock::manual(EVENING);
    let scene = Scene::with(|builder| builder.clock(clock.clone()).set(|config| config.companion.messages_per_day = 2)).await;
    let first = scene.ask("Satu").await;
    scene.ended(&first["id"]).await;
    let (status, second) = regenerate(&scene.ana, &first).await;
    assert_eq!(status, 202, "another version is another answer");
    scene.ended(&second["answer"]["id"]).await;
    assert_eq!(scene.ana.get("/companion").await["left_today"], 0);
    let path = format!("/companion/threads/{}/messages", scene.thread);
    let body = json!({ "client_id": Uuid::now_v7().to_string(), "body": "Tiga" });
    let refused = scene.ana.request(reqwest::Method::POST, &path).json(&body).send().await.unwrap();
    let retry_after: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(refused.status().as_u16(), 429, "midnight in Jakarta");
    assert_eq!(retry_after, 4 * 3600, "midnight in Jakarta");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "companion.daily_limit");
    assert_eq!(regenerate(&scene.ana, &first).await.0, 429);
    let budi = scene.app.student("tono").await;
    assert_eq!(ask(&budi, &new_thread(&budi).await, "Aku bukan Ana").await.0, 202, "another student has a day of their own");
    clock.advance(4 * 3_600_000);
    let (status, asked) = scene.ana.post(&path, &body).await;
    assert_eq!(status, 202, "the same send, when it is allowed: {asked}");
    scene.close().await;
}

#[actix_web::test]
async fn parallel_sends_cannot_exceed_the_day() {
    let on_one_day = Clock::manual(EVENING);
    let scene = Scene::with(|builder| builder.clock(on_one_day).set(|config| config.companion.messages_per_day = 5)).await;
    let mut threads = Vec::new();
    for _ in 0..12 {
        threads.push(new_thread(&scene.ana).await);
    }
    let answers = futures_util::future::join_all(threads.iter().map(|thread| ask(&scene.ana, thread, "Serentak"))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 202).count(), 5);
    assert_eq!(answers.iter().filter(|(status, _)| *status == 429).count(), 7);
    scene.close().await;
}

#[actix_web::test]
async fn tokens_are_promised_before_and_settled_after_and_admins_are_warned_twice() {
    // The fake provider counts 100 + words; an answer promises instructions + question + 800.
    let in_one_month = Clock::manual(EVENING);
    let scene = Scene::with(|builder| builder.clock(in_one_month).set(|config| config.companion.tokens_per_month = 10_000)).await;
    let store = scene.app.running.context.store.clone();
    let month = || {
        educounsel::domain::clock::day_in_zone(scene.app.running.context.clock.now_ms(), &scene.app.running.context.zone())[..7].to_owned()
    };
    let kepala = scene.app.admin("kepala").await;
    let warnings = async || {
        let notices = kepala.get("/notices").await;
        let of_kind = |notice: &&Value| notice["kind"] == "companion.budget_warning";
        notices["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_kind)
            .map(|notice| notice["data"]["percent"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    scene.provider.then(very_slow("Pelan pelan saja ya."));
    let answer = scene.ask("Halo").await;
    let promised = store.token_usage(&month()).await.unwrap();
    assert!(promised.reserved > 1_000 && promised.used == 0, "{promised:?}");
    scene.ended(&answer["id"]).await;
    let settled = store.token_usage(&month()).await.unwrap();
    assert_eq!(settled.reserved, 0);
    assert_eq!(settled.used, 104);
    assert_eq!(warnings().await, [0; 0]);

    // Each question gets its own thread, so that the context stays small.
    let ask_anew = async || {
        let (status, asked) = ask(&scene.ana, &new_thread(&scene.ana).await, "Lagi").await;
        assert_eq!(status, 202, "{asked}");
        scene.ended(&asked["answer"]["id"]).await;
        asked["answer"]["kind"].as_str().unwrap().to_owned()
    };
    scene.provider.always(Reply::Words { words: vec!["kata ".to_owned(); 1_500], every: Duration::ZERO });
    for asked in 1..=6 {
        assert_eq!(warnings().await, [0; 0], "{asked}: {:?}", store.token_usage(&month()).await);
        assert_eq!(ask_anew().await, "model");
        if asked == 5 {
            break;
        }
    }
    assert_eq!(store.token_usage(&month()).await.unwrap().used, 8_104);
    assert_eq!(warnings().await, vec![80]);
    assert_eq!(ask_anew().await, "model", "what is promised still fits");
    // The next promise does not fit: the offline companion answers, and the second warning goes
    // out.
    let calls = scene.provider.chats().len();
    for _ in 0..2 {
        assert_eq!(ask_anew().await, "offline");
        assert_eq!(warnings().await, vec![100, 80], "once each");
        assert_eq!(scene.provider.chats().len(), calls, "once each");
    }
    assert_eq!(scene.ana.get("/companion").await["provider"], "offline");
    assert_eq!(store.token_usage(&month()).await.unwrap().reserved, 0);
    scene.close().await;
}

#[actix_web::test]
async fn a_stopped_and_a_deleted_answer_settle_too() {
    let scene = Scene::with(|builder| builder.set(|config| config.companion.tokens_per_month = 100_000)).await;
    let context = scene.app.running.context.clone();
    let month = educounsel::domain::clock::day_in_zone(context.clock.now_ms(), &context.zone())[..7].to_owned();
    scene.provider.always(slow(&"Kalimat panjang ini. ".repeat(40)));
    let answer = scene.ask("Halo").await;
    scene.provider.until_last("it streams", |call| call.sent_bytes > 1000).await;
    stop(&scene.ana, &answer).await;
    let stopped = context.store.token_usage(&month).await.unwrap();
    assert!(stopped.reserved == 0 && stopped.used > 100, "{stopped:?}");
    scene.ask("Halo lagi").await;
    let path = format!("/companion/threads/{}", scene.thread);
    assert_eq!(scene.ana.request(reqwest::Method::DELETE, &path).send().await.unwrap().status(), 204);
    scene.nobody_talks().await;
    let deleted = context.store.token_usage(&month).await.unwrap();
    assert!(deleted.reserved == 0 && deleted.used > stopped.used, "{deleted:?}");
    scene.close().await;
}

#[actix_web::test]
async fn a_long_thread_is_trimmed_to_the_context() {
    let scene = Scene::with(|builder| builder.set(|config| config.openai.context_tokens = 3_000)).await;
    for number in 0..6 {
        let answer = scene.ask(&format!("Pertanyaan {number}: {}", "kata ".repeat(400))).await;
        scene.ended(&answer["id"]).await;
    }
    let last = scene.provider.chats().pop().unwrap();
    let messages = last.messages();
    let chars: usize = messages.iter().map(|(_, text)| text.chars().count()).sum();
    assert!(chars <= 9_000, "{chars} characters");
    assert!(messages.last().unwrap().1.starts_with("Pertanyaan 5"));
    assert!(messages.len() >= 4 && messages[1].0 == "user" && !messages[1].1.starts_with("Pertanyaan 0"), "{}", messages.len());
    scene.close().await;
}
