//! Signing in and out works, logins end when they should, and forged requests and guessed passwords
//! fail.

use crate::support::{TestApp, TestUser, socket::Received, user::PASSWORD, wait::until};
use educounsel::domain::clock::Clock;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

async fn try_login(app: &TestApp, login: &str, password: &str) -> Response {
    let body = json!({ "login": login, "password": password });
    app.client().post(app.url("/api/v1/auth/login")).json(&body).send().await.unwrap()
}

/// Reads status and body, without the request's id, which always differs.
async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let mut body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("request_id");
    }
    (status, body)
}

async fn code(response: Response) -> (u16, String) {
    let (status, body) = answer(response).await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Reads events until the socket closes; returns the data of `session.ended` and the close code.
async fn ending(socket: &mut crate::support::TestSocket) -> (Value, u16) {
    let ended = socket.next_named("session.ended").await.json();
    match socket.receive().await {
        Received::Closed { code, .. } => (ended, code),
        other => panic!("expected a close, got {other:?}"),
    }
}

async fn status_of(user: &TestUser) -> u16 {
    user.request(Method::GET, "/auth/me").send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_login_gives_a_guarded_cookie_and_a_token_only_when_asked() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let response = try_login(&app, " Ana ", PASSWORD).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("educounsel_session=") && cookie.contains("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");
    let device = response.headers().get_all("set-cookie").iter().nth(1).unwrap().to_str().unwrap();
    assert!(device.starts_with("educounsel_device=") && device.contains("; HttpOnly; SameSite=Lax; Path=/api/v1/auth/login"), "{device}");
    let user = json!({ "id": ana.id, "login": "ana", "name": "Uji ana", "role": "student" });
    assert_eq!(answer(response).await, (200, json!({ "user": user })));
    assert_eq!(ana.get("/auth/me").await, json!({ "user": user }));
    let by_cookie = app.client().get(app.url("/api/v1/auth/me")).header("cookie", cookie.split(';').next().unwrap()).send().await.unwrap();
    assert_eq!(by_cookie.status(), 200);
    assert_eq!(code(app.client().get(app.url("/api/v1/auth/me")).send().await.unwrap()).await, (401, "auth.required".into()));
    app.stop().await;
}

#[actix_web::test]
async fn unknown_names_wrong_passwords_and_disabled_accounts_are_one_answer_in_the_same_time() {
    let app = TestApp::start().await;
    let (admin, budi) = (app.admin("kepala").await, app.student("budi").await);
    for login in ["ana", "citra", "dewi"] {
        app.student(login).await;
    }
    let patched = admin.request(Method::PATCH, &format!("/admin/users/{}", budi.id)).json(&json!({ "disabled": true })).send().await;
    assert_eq!(patched.unwrap().status(), 200);
    let wrong = answer(try_login(&app, "ana", "salah salah salah").await).await;
    assert_eq!(wrong.0, 401);
    assert_eq!(wrong.1["code"], "auth.invalid_credentials");
    assert_eq!(answer(try_login(&app, "tidak-ada", "salah salah salah").await).await, wrong);
    assert_eq!(answer(try_login(&app, "budi", PASSWORD).await).await, wrong);
    // A unit test beside the code proves that the same hash is computed; this one would find any
    // other difference as long as a hash. It takes the shortest of many interleaved samples,
    // because a busy machine only ever adds time.
    let mut times = [Duration::MAX; 2];
    for round in 0..12 {
        let known = ["ana", "citra", "dewi"][round % 3].to_owned();
        for (time, login) in times.iter_mut().zip([known, format!("tidak-ada-{round}")]) {
            let started = Instant::now();
            assert_eq!(try_login(&app, &login, "salah salah salah").await.status(), 401);
            *time = started.elapsed().min(*time);
        }
    }
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    assert!((0.25..4.0).contains(&ratio), "a known name takes {:?}, an unknown one {:?}", times[0], times[1]);
    app.stop().await;
}

#[actix_web::test]
async fn guessing_one_account_waits_longer_each_time_and_nobody_else_does() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().clock(clock.clone()).start().await;
    app.student("ana").await;
    app.student("budi").await;
    for _ in 0..5 {
        assert_eq!(try_login(&app, "ana", "salah salah salah").await.status(), 401);
    }
    for wait_s in [1, 2, 4] {
        let refused = try_login(&app, "ana", PASSWORD).await;
        assert_eq!(refused.headers()["retry-after"], wait_s.to_string().as_str());
        assert_eq!(code(refused).await, (429, "auth.too_many_attempts".into()));
        assert_eq!(try_login(&app, "budi", PASSWORD).await.status(), 200, "another account is not slowed down");
        clock.advance(wait_s * 1_000);
        assert_eq!(try_login(&app, "ana", "salah salah salah").await.status(), 401, "the wait of {wait_s} s is over");
    }
    clock.advance(8_000);
    assert_eq!(try_login(&app, "ana", PASSWORD).await.status(), 200);
    for _ in 0..5 {
        assert_eq!(try_login(&app, "ana", "salah salah salah").await.status(), 401, "a login forgives");
    }
    app.stop().await;
}

#[actix_web::test]
async fn strangers_elsewhere_cannot_lock_an_account_out() {
    let app = TestApp::builder().set(|config| config.http.trust_proxy = true).start().await;
    app.student("ana").await;
    let from = async |address: &str, password: &str| {
        let body = json!({ "login": "ana", "password": password });
        let request = app.client().post(app.url("/api/v1/auth/login")).header("x-forwarded-for", address).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    for _ in 0..5 {
        assert_eq!(from("203.0.113.66", "salah salah salah").await, 401);
    }
    assert_eq!(from("203.0.113.66", PASSWORD).await, 429);
    assert_eq!(from("198.51.100.7", PASSWORD).await, 200);
    app.stop().await;
}

#[actix_web::test]
async fn parallel_guesses_are_not_free() {
    let app = TestApp::start().await;
    app.student("ana").await;
    let guesses = (0..40).map(|_| try_login(&app, "ana", "salah salah salah"));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status() == 401).count();
    assert!((1..=6).contains(&looked_at), "{looked_at} of 40 guesses were looked at");
    app.stop().await;
}

/// Signs in from an address behind a trusted proxy, with the cookies of a browser; returns status,
/// `Retry-After` and the device's cookie.
async fn login_from(app: &TestApp, address: &str, cookie: &str, login: &str, password: &str) -> (u16, u64, String) {
    let body = json!({ "login": login, "password": password });
    login_by(&app.client(), app, (address, cookie), &body).await
}

async fn login_by(client: &reqwest::Client, app: &TestApp, (address, cookie): (&str, &str), body: &Value) -> (u16, u64, String) {
    let request = client.post(app.url("/api/v1/auth/login")).header("x-forwarded-for", address).header("cookie", cookie);
    let response = request.json(body).send().await.unwrap();
    let retry_s = response.headers().get("retry-after").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    let cookies = response.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let device = cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("educounsel_device="));
    (response.status().as_u16(), retry_s, device.unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn a_classmate_behind_the_same_address_cannot_lock_a_teacher_out() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().clock(clock.clone()).set(|config| config.http.trust_proxy = true).start().await;
    app.counsellor("guru").await;
    let school = "203.0.113.1";
    let (status, _, device) = login_from(&app, school, "", "guru", PASSWORD).await;
    assert_eq!(status, 200);
    let mut longest_s = 0;
    for _ in 0..40 {
        let (status, retry_s, none) = login_from(&app, school, "", "guru", "salah salah salah").await;
        assert!(status == 401 || status == 429, "{status}");
        assert_eq!(none, "");
        longest_s = longest_s.max(retry_s);
        clock.advance(if status == 429 { i64::try_from(retry_s).unwrap() * 1_000 } else { 0 });
    }
    assert_eq!(longest_s, 30, "the wait grows, and stays short");
    clock.advance(30_000);
    assert_eq!(login_from(&app, school, "", "guru", "salah salah salah").await.0, 401);
    assert_eq!(login_from(&app, school, "", "guru", PASSWORD).await.0, 429, "a new device shares the wait");
    let (status, _, again) = login_from(&app, school, &device, "guru", PASSWORD).await;
    assert_eq!(status, 200, "the teacher's own browser does not");
    assert_eq!(again, device, "the teacher's own browser does not");
    clock.advance(30_000);
    assert_eq!(login_from(&app, school, "", "guru", PASSWORD).await.0, 200, "and the wait is over half a minute later");
    app.stop().await;
}

#[actix_web::test]
async fn guessing_on_a_known_device_makes_it_a_stranger_to_this_account_only() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().clock(clock.clone()).start().await;
    app.student("ana").await;
    let (_, _, device) = login_from(&app, "", "", "ana", PASSWORD).await;
    let looked_at = {
        let guesses = (0..40).map(|_| login_from(&app, "", &device, "ana", "salah salah salah"));
        futures_util::future::join_all(guesses).await.iter().filter(|(status, ..)| *status == 401).count()
    };
    assert!((5..=11).contains(&looked_at), "5 as a known device, 5 as a stranger; {looked_at} of 40 guesses were looked at");
    assert_eq!(login_from(&app, "", &device, "ana", PASSWORD).await.0, 429);
    clock.advance(300_000);
    assert_eq!(login_from(&app, "", &device, "ana", PASSWORD).await.0, 200);
    app.stop().await;
}

#[actix_web::test]
async fn a_burst_of_made_up_logins_is_cut_off_and_delays_nobody_elsewhere() {
    let app = TestApp::builder().set(|config| config.http.trust_proxy = true).start().await;
    app.student("ana").await;
    let device = login_from(&app, "198.51.100.7", "", "ana", PASSWORD).await.2;
    let client = app.client();
    // How many of the made-up logins were checked.
    let looked_at = Cell::new(0);
    let burst = async {
        let made_up = (0..300).map(|number| {
            let body = json!({ "login": format!("karangan-{number}"), "password": "salah salah salah" });
            let (app, client) = (&app, &client);
            let looked_at = &looked_at;
            async move {
                let status = login_by(client, app, ("203.0.113.66", ""), &body).await.0;
                looked_at.set(looked_at.get() + usize::from(status == 401));
                status
            }
        });
        futures_util::future::join_all(made_up).await
    };
    let owner = async {
        until("the burst is on", async || looked_at.get() > 0).await;
        let before = looked_at.get();
        let known = login_from(&app, "198.51.100.7", &device, "ana", PASSWORD).await.0;
        let new_device = login_from(&app, "198.51.100.8", "", "ana", PASSWORD).await.0;
        (known, new_device, looked_at.get() - before)
    };
    let (answers, (known, new_device, meanwhile)) = futures_util::future::join(burst, owner).await;
    assert_eq!(known, 200);
    assert_eq!(new_device, 200);
    let looked_at = looked_at.get();
    // On a busy machine some requests have waited too long before the hundredth has failed.
    assert!((1..=110).contains(&looked_at), "{looked_at} of 300 were looked at");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 300 - looked_at);
    // Counted in turns, because a busy machine does not change those: behind the burst, these
    // requests would have waited for all of the hundred.
    assert!(meanwhile <= 50, "two logins waited for {meanwhile} of the burst");
    app.stop().await;
}

#[actix_web::test]
async fn a_login_replaces_the_session_the_browser_had() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let body = json!({ "login": "ana", "password": PASSWORD });
    let again = app.client().post(app.url("/api/v1/auth/login")).header("cookie", &ana.cookie).json(&body).send().await.unwrap();
    assert_eq!(again.status(), 200);
    assert!(!again.headers()["set-cookie"].to_str().unwrap().starts_with(&ana.cookie));
    assert_eq!(status_of(&ana).await, 401, "the old token is worth nothing");
    app.stop().await;
}

#[actix_web::test]
async fn sessions_are_listed_and_ended_with_their_sockets_but_only_ones_own() {
    let app = TestApp::builder().set(|config| config.http.workers = 1).start().await;
    let (phone, budi) = (app.student("ana").await, app.student("budi").await);
    let laptop = app.sign_in("ana", PASSWORD).await;
    let mut socket = phone.connect().await;
    app.logins_looked_up().await;
    let sessions = laptop.get("/auth/sessions").await;
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(sessions["next"], Value::Null);
    assert_eq!(items[0]["current"], true);
    assert_eq!(items[1]["current"], false);
    assert!(["id", "created_at", "last_seen_at", "expires_at", "address"].iter().all(|field| items[1][field].is_string()), "{}", items[1]);
    let path = format!("/auth/sessions/{}", items[1]["id"].as_str().unwrap());
    assert_eq!(code(budi.request(Method::DELETE, &path).send().await.unwrap()).await, (404, "not_found".into()));
    assert_eq!(laptop.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    let (ended, close) = ending(&mut socket).await;
    assert_eq!(ended["reason"], "revoked");
    assert_eq!(ended["session_id"], items[1]["id"]);
    assert_eq!(close, 4009);
    assert_eq!(status_of(&phone).await, 401);
    assert_eq!(status_of(&laptop).await, 200);
    assert_eq!(laptop.request(Method::DELETE, &path).send().await.unwrap().status(), 404);
    app.stop().await;
}

#[actix_web::test]
async fn logging_out_ends_this_session_and_its_sockets_only() {
    let app = TestApp::builder().set(|config| config.http.workers = 1).start().await;
    let phone = app.student("ana").await;
    let laptop = app.sign_in("ana", PASSWORD).await;
    let mut socket = phone.connect().await;
    app.logins_looked_up().await;
    let response = phone.request(Method::POST, "/auth/logout").send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let (ended, close) = ending(&mut socket).await;
    assert_eq!(ended["reason"], "logout");
    assert_eq!(close, 4009);
    assert_eq!(status_of(&phone).await, 401);
    assert_eq!(status_of(&laptop).await, 200);
    app.stop().await;
}

#[actix_web::test]
async fn sessions_end_after_idling_and_after_their_whole_life() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder()
        .clock(clock.clone())
        .set(|config| (config.security.session_idle_h, config.security.session_total_h) = (2, 5))
        .start()
        .await;
    let (used, unused) = (app.student("ana").await, app.student("budi").await);
    for _ in 0..4 {
        clock.advance(3_600_000);
        assert_eq!(status_of(&used).await, 200);
    }
    assert_eq!(status_of(&unused).await, 401, "unused for 4 h");
    clock.advance(3_600_000);
    assert_eq!(status_of(&used).await, 401, "5 h old");
    app.stop().await;
}

#[actix_web::test]
async fn changes_by_cookie_must_come_from_our_own_pages() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let own = app.url("").trim_end_matches('/').to_owned();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = app.client().post(app.url("/api/v1/notices/read-all")).header("cookie", &ana.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        code(request.send().await.unwrap()).await
    };
    let refused = (403, "auth.cross_site".to_owned());
    assert_eq!(send(&[]).await, refused);
    assert_eq!(send(&[("origin", "https://evil.example")]).await, refused);
    assert_eq!(send(&[("origin", "null")]).await, refused);
    assert_eq!(send(&[("sec-fetch-site", "cross-site")]).await, refused);
    assert_eq!(send(&[("sec-fetch-site", "same-site")]).await, refused);
    assert_eq!(send(&[("origin", &own)]).await.0, 200);
    assert_eq!(send(&[("sec-fetch-site", "same-origin")]).await.0, 200);
    let read = app.client().get(app.url("/api/v1/auth/me")).header("cookie", &ana.cookie).header("origin", "https://evil.example");
    assert_eq!(read.send().await.unwrap().status(), 200, "reading changes nothing");
    let program = ana.request(Method::POST, "/notices/read-all").header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(program.status(), 200, "a bearer token is not sent by a browser on its own");
    let login = app.client().post(app.url("/api/v1/auth/login")).header("origin", "https://evil.example");
    assert_eq!(code(login.json(&json!({ "login": "ana", "password": PASSWORD })).send().await.unwrap()).await, refused);
    app.stop().await;
}
