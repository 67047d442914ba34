//! Threads are visible to their student only, and can be handed over to people.

use super::*;
use reqwest::Method;

#[actix_web::test]
async fn threads_are_made_named_listed_and_deleted() {
    let scene = Scene::open().await;
    let (_, named) = scene.ana.post("/companion/threads", &json!({ "title": "  Ujian  " })).await;
    assert_eq!(named["title"], "Ujian");
    let answer = scene.ask("Bagaimana cara belajar?").await;
    scene.ended(&answer["id"]).await;
    let list = scene.ana.get("/companion/threads?limit=1").await;
    assert_eq!(list["items"][0]["id"], json!(scene.thread), "the newest message first");
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "the newest message first");
    let rest = scene.ana.get(&format!("/companion/threads?limit=1&after={}", list["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"][0]["id"], named["id"]);
    assert_eq!(rest["next"], Value::Null);
    let rename =
        |title: &str| scene.ana.request(Method::PATCH, &format!("/companion/threads/{}", scene.thread)).json(&json!({ "title": title }));
    assert_eq!(rename("Belajar").send().await.unwrap().json::<Value>().await.unwrap()["title"], "Belajar");
    assert_eq!(rename(&"x".repeat(121)).send().await.unwrap().status(), 422);

    let cursor = scene.ana.get("/sync").await;
    assert!(cursor.to_string().contains("Halo dari model"), "the log has the answer");
    let path = format!("/companion/threads/{}", scene.thread);
    assert_eq!(scene.ana.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(scene.ana.request(Method::DELETE, &path).send().await.unwrap().status(), 404);
    assert!(!scene.ana.get("/sync").await.to_string().contains("Halo dari model"), "what was said is gone from the log too");
    scene.close().await;
}

#[actix_web::test]
async fn the_history_is_read_in_pages_of_questions() {
    let scene = Scene::open().await;
    for number in 0..3 {
        let answer = scene.ask(&format!("Tanya {number}")).await;
        scene.ended(&answer["id"]).await;
    }
    let path = format!("/companion/threads/{}", scene.thread);
    let all = scene.ana.get(&path).await;
    let bodies = |view: &Value| {
        view["messages"].as_array().unwrap().iter().filter_map(|one| one["body"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(bodies(&all), ["Tanya 0", "Tanya 1", "Tanya 2"]);
    assert_eq!(all["has_before"], false);
    let last_question = all["messages"][4]["id"].as_str().unwrap();
    let before = scene.ana.get(&format!("{path}?before={last_question}")).await;
    assert_eq!(bodies(&before), ["Tanya 0", "Tanya 1"]);
    assert_eq!(scene.ana.try_get(&format!("{path}?before=x")).await.0, 422);
    scene.close().await;
}

#[actix_web::test]
async fn nobody_else_sees_a_thread_and_only_students_talk_with_the_companion() {
    let scene = Scene::open().await;
    let answer = scene.ask("Rahasia").await;
    scene.ended(&answer["id"]).await;
    let others = [scene.app.student("tono").await, scene.app.counsellor("guru").await, scene.app.admin("kepala").await];
    let (thread, message) =
        (format!("/companion/threads/{}", scene.thread), format!("/companion/messages/{}", answer["id"].as_str().unwrap()));
    for (other, expected) in others.iter().zip([404, 403, 403]) {
        for path in [&thread, &message] {
            assert_eq!(other.try_get(path).await.0, expected, "{path}");
        }
        let body = json!({ "client_id": Uuid::now_v7().to_string(), "body": "x", "to": "chat", "summary": "x" });
        for path in [
            format!("{thread}/messages"),
            format!("{thread}/summary"),
            format!("{thread}/hand-over"),
            format!("{message}/stop"),
            format!("{message}/regenerate"),
        ] {
            assert_eq!(other.post(&path, &body).await.0, expected, "{path}");
        }
        assert_eq!(other.request(Method::DELETE, &thread).send().await.unwrap().status(), expected);
    }
    assert_eq!(others[1].post("/companion/threads", &json!({})).await.0, 403);
    let (status, problem) = ask(&scene.ana, &scene.thread, "").await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["field"], "body");
    let (status, problem) = ask_as(&scene.ana, &scene.thread, "x", "Halo").await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["field"], "client_id");
    scene.close().await;
}

#[actix_web::test]
async fn a_thread_becomes_a_chat_with_the_summary_as_first_message() {
    let scene = Scene::open().await;
    let guru = scene.app.counsellor("guru").await;
    let answer = scene.ask("Aku sulit membagi waktu belajar").await;
    scene.ended(&answer["id"]).await;
    scene.provider.then(slow("Saya sulit membagi waktu. Saya ingin dibantu."));
    let path = format!("/companion/threads/{}", scene.thread);
    let (status, proposed) = scene.ana.post(&format!("{path}/summary"), &json!({})).await;
    assert_eq!(status, 200, "{proposed}");
    assert_eq!(proposed["summary"], "Saya sulit membagi waktu. Saya ingin dibantu.");
    let edited = json!({ "to": "chat", "summary": "Saya sulit membagi waktu. Tolong, Bu." });
    let (status, handed) = scene.ana.post(&format!("{path}/hand-over"), &edited).await;
    assert_eq!(status, 201, "{handed}");
    let again = scene.ana.post(&format!("{path}/hand-over"), &edited).await;
    assert_eq!(again, (201, handed.clone()), "a repeat sends nothing twice");
    let (status, taken) = guru.post("/conversations/next", &json!({})).await;
    assert_eq!(status, 200, "{taken}");
    assert_eq!(taken["id"], handed["conversation_id"]);
    assert_eq!(taken["subject"], "Aku sulit membagi waktu belajar");
    let messages = guru.get(&format!("/conversations/{}/messages", taken["id"].as_str().unwrap())).await;
    let bodies: Vec<_> = messages["items"].as_array().unwrap().iter().map(|message| message["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["Saya sulit membagi waktu. Tolong, Bu."]);
    scene.close().await;
}

#[actix_web::test]
async fn a_booking_begins_with_the_summary_and_a_prepared_one_is_there_without_a_model() {
    let scene = Scene::open().await;
    let path = format!("/companion/threads/{}", scene.thread);
    let (_, empty) = scene.ana.post(&format!("{path}/summary"), &json!({})).await;
    assert_eq!(empty["summary"], "Saya ingin berbicara langsung dengan guru BK.");
    let answer = scene.ask("Aku bingung soal jurusan").await;
    scene.ended(&answer["id"]).await;
    scene.provider.always(Reply::Status { code: 401, retry_after: None });
    let (status, proposed) = scene.ana.post(&format!("{path}/summary"), &json!({})).await;
    assert_eq!(status, 200);
    assert!(proposed["summary"].as_str().unwrap().contains("- Aku bingung soal jurusan"), "{proposed}");
    let (status, booking) = scene.ana.post(&format!("{path}/hand-over"), &json!({ "to": "booking", "summary": "Soal jurusan" })).await;
    assert_eq!(status, 200);
    assert_eq!(booking, json!({ "topic": "Aku bingung soal jurusan", "note": "Soal jurusan" }));
    for (body, field) in [
        (json!({ "to": "booking", "summary": "x".repeat(2_001) }), "summary"),
        (json!({ "to": "chat", "summary": " " }), "summary"),
        (json!({ "to": "mail", "summary": "x" }), "to"),
    ] {
        let (status, problem) = scene.ana.post(&format!("{path}/hand-over"), &body).await;
        assert_eq!(status, 422, "{problem}");
        assert_eq!(problem["errors"][0]["field"], json!(field));
    }
    scene.close().await;
}

#[actix_web::test]
async fn the_demo_school_has_threads_with_versions() {
    let app = TestApp::builder().demo().start().await;
    let siswa = app.sign_in("siswa1", "rahasia-demo").await;
    let threads = siswa.get("/companion/threads").await;
    let titles: Vec<_> = threads["items"].as_array().unwrap().iter().map(|thread| thread["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), 2);
    assert!(titles[0].starts_with("Bagaimana cara bilang") && titles[1].starts_with("Aku sering"), "{titles:?}");
    let newest = siswa.get(&format!("/companion/threads/{}", threads["items"][0]["id"].as_str().unwrap())).await;
    assert_eq!(newest["messages"].as_array().unwrap().len(), 2);
    assert_eq!(newest["messages"][1]["versions"].as_array().unwrap().len(), 2);
    app.stop().await;
}
