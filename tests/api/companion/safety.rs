//! A question of level 3 never reaches a provider, and a provider's text is checked before it
//! leaves the server.

use super::*;
use crate::support::provider::Verdict;

const DANGER: &str = "aku mau bunuh diri malam ini";

#[actix_web::test]
async fn a_question_in_danger_gets_the_help_card_at_once_and_no_provider_hears_of_it() {
    let scene = Scene::with(|builder| builder.set(|config| config.openai.moderation = true)).await;
    let (guru, mut socket) = (scene.app.counsellor("guru").await, scene.ana.connect().await);
    let mut duty = guru.connect().await;
    let answer = scene.ask(DANGER).await;
    assert_eq!(answer["kind"], "help_card");
    assert_eq!(answer["status"], "done");
    assert_eq!(answer["text"], "");
    assert!(!answer["help"]["hotlines"].as_array().unwrap().is_empty() && answer["help"]["title"].is_string(), "{answer}");
    assert_eq!(scene.provider.calls().len(), 0, "not even the moderation");
    // The beginning has no log row and the end has one, so either may come first.
    let mut heard = Heard::default();
    while heard.started.is_none() || heard.end.is_none() {
        heard.one(&mut socket, &answer["id"]).await;
    }
    assert_eq!(heard.seq, 0);
    let (name, end) = heard.end.unwrap();
    assert_eq!(name.as_str(), "companion.done");
    assert_eq!(end["kind"], "help_card");
    assert_eq!(end["help"], answer["help"]);
    let alert = duty.next_named("risk.raised").await.json();
    assert_eq!(alert["alert"]["student"]["id"], json!(scene.ana.id));
    assert_eq!(alert["alert"]["thread_id"], json!(scene.thread));

    // None of it appears later in the context, in the title or in a summary.
    let next = scene.ask("Terima kasih, aku lanjut belajar matematika").await;
    scene.ended(&next["id"]).await;
    let (_, summary) = scene.ana.post(&format!("/companion/threads/{}/summary", scene.thread), &json!({})).await;
    assert!(!summary.to_string().contains("bunuh"), "{summary}");
    for call in scene.provider.calls() {
        assert!(!call.body.to_string().contains("bunuh"), "{}", call.body);
    }
    let thread = scene.ana.get(&format!("/companion/threads/{}", scene.thread)).await;
    assert_eq!(thread["title"], "Terima kasih, aku lanjut belajar matematika");
    assert!(!thread.to_string().contains("\"level\""));
    let (status, problem) = regenerate(&scene.ana, &answer).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "conflict");
    scene.close().await;
}

#[actix_web::test]
async fn help_comes_before_every_limit_and_beside_an_answer_that_grows() {
    let scene = Scene::with(|builder| {
        builder.set(|config| {
            config.companion.messages_per_day = 1;
            config.companion.tokens_per_month = 1;
        })
    })
    .await;
    let growing = scene.ask("Halo").await;
    assert_eq!(growing["kind"], "offline", "no tokens for a model");
    let (status, problem) = ask(&scene.ana, &new_thread(&scene.ana).await, "Halo lagi").await;
    assert_eq!(status, 429, "{problem}");
    assert_eq!(problem["code"], "companion.daily_limit");
    let help = scene.ask(DANGER).await;
    assert_eq!(help["kind"], "help_card");
    assert_eq!(help["status"], "done");
    assert_eq!(scene.ended(&growing["id"]).await["status"], "done", "the other one goes on to its end");
    assert_eq!(scene.provider.calls().len(), 0);
    scene.close().await;
}

#[actix_web::test]
async fn a_sentence_that_fails_the_check_is_never_let_go() {
    let scene = Scene::open().await;
    let guru = scene.app.counsellor("guru").await;
    let mut socket = scene.ana.connect().await;
    scene.provider.then(slow("Aku mengerti perasaanmu. Aku mau bunuh diri malam ini. Lalu selesai."));
    let answer = scene.ask("Kamu bisa cerita apa saja").await;
    let heard = Heard::to_the_end(&mut socket, &answer["id"]).await;
    assert_eq!(heard.text.trim(), "Aku mengerti perasaanmu.");
    let (_, end) = heard.end.unwrap();
    assert_eq!(end["status"], "done");
    assert_eq!(end["error"]["code"], "companion.withheld");
    assert!(end["help"]["hotlines"].is_array(), "{end}");
    scene.provider.until_last("the client closes", |call| call.closed_by_client).await;
    assert!(!scene.answer(&answer["id"]).await["text"].as_str().unwrap().contains("bunuh"));
    assert_eq!(guru.get("/alerts").await["items"][0]["level"], 2, "a counsellor is told");
    scene.close().await;
}

#[actix_web::test]
async fn the_providers_moderation_is_asked_about_questions_and_answers() {
    let scene = Scene::with(|builder| builder.set(|config| config.openai.moderation = true)).await;
    let moderations =
        || scene.provider.calls().into_iter().filter(|call| call.path.ends_with("/moderations")).map(|call| call.body["input"].clone());
    let answer = scene.ask("Apa kabar?").await;
    assert_eq!(scene.ended(&answer["id"]).await["text"], "Halo dari model. Semoga harimu baik.");
    let asked: Vec<_> = moderations().collect();
    assert_eq!(asked[0], "Apa kabar?");
    assert_eq!(asked[1..].iter().map(|text| text.as_str().unwrap()).collect::<String>(), "Halo dari model. Semoga harimu baik.");

    // The question: the provider's moderation makes it level 3.
    scene.provider.moderates(Verdict::SelfHarmIntent);
    let chats = scene.provider.chats().len();
    let help = scene.ask("kalimat yang halus sekali").await;
    assert_eq!(help["kind"], "help_card");
    assert_eq!(scene.provider.chats().len(), chats);

    // The answer: the flagged part is withheld, and the text before it is kept.
    scene.provider.moderates(Verdict::ByWord).then(slow("Ini boleh. Ini kata terlarang ya. Ini juga."));
    let answer = scene.ask("Apa lagi?").await;
    let ended = scene.ended(&answer["id"]).await;
    assert_eq!(ended["error"]["code"], "companion.withheld");
    assert!(!ended["text"].as_str().unwrap().contains("terlarang"));
    scene.close().await;
}

#[actix_web::test]
async fn a_moderation_that_is_down_is_unknown_and_the_answer_comes_all_the_same() {
    let scene = Scene::with(|builder| builder.set(|config| config.openai.moderation = true)).await;
    for verdict in [Verdict::Down, Verdict::Silence] {
        scene.provider.moderates(verdict);
        let answer = scene.ask("Apa kabar?").await;
        let ended = scene.ended(&answer["id"]).await;
        assert_eq!(ended["status"], "done", "{verdict:?}");
        assert_eq!(ended["text"], "Halo dari model. Semoga harimu baik.", "{verdict:?}");
    }
    scene.close().await;
}

#[actix_web::test]
async fn a_concern_is_answered_and_told_to_counsellors() {
    let scene = Scene::open().await;
    let guru = scene.app.counsellor("guru").await;
    let answer = scene.ask("aku sering menyakiti diri sendiri dulu").await;
    let alerts = guru.get("/alerts").await;
    if answer["kind"] == "model" {
        assert_eq!(alerts["items"][0]["level"], 2, "{alerts}");
        scene.ended(&answer["id"]).await;
        assert!(scene.provider.chats()[0].messages()[0].1.contains("counsellor can listen"), "the model is told to be gentle");
    } else {
        assert_eq!(alerts["items"][0]["level"], 3, "{alerts}");
    }
    scene.close().await;
}

/// The rules are written for students' words, and answers pass through them too: a kind answer must
/// not be withheld.
#[test]
fn kind_answers_are_hardly_ever_withheld() {
    let pack = educounsel::domain::risk::RulePack::built_in();
    let lines: Vec<&str> = include_str!("../../risk/answers.tsv").lines().collect();
    let withheld: Vec<_> = lines.iter().filter(|line| pack.assess(line).level == educounsel::domain::risk::Level::Risk).collect();
    println!("{} of {} kind sentences would be withheld", withheld.len(), lines.len());
    assert!(withheld.len() * 100 <= lines.len() * 3, "{withheld:#?}");
}

#[actix_web::test]
async fn prepared_answers_pass_the_check_themselves() {
    let pack = educounsel::domain::risk::RulePack::built_in();
    for text in [include_str!("../../../src/backends/companion/offline.toml"), include_str!("../../../src/services/companion/prompt.toml")]
    {
        for line in text.lines().filter(|line| line.contains("= \"")) {
            let level = pack.assess(line).level;
            assert!(level < educounsel::domain::risk::Level::Risk, "{level:?}: {line}");
        }
    }
}
