//! Counsellors can look up students to talk or meet with.

use crate::support::{TestApp, TestUser};
use serde_json::{Value, json};

async fn names(guru: &TestUser, query: &str) -> Vec<String> {
    let page = guru.get(&format!("/students?{query}")).await;
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn counsellors_look_students_up_by_name_or_login() {
    let app = TestApp::start().await;
    let (guru, admin) = (app.counsellor("guru").await, app.admin("kepala").await);
    let (ana, budi) = (app.student("ana.putri").await, app.student("budi").await);
    let gone = app.student("putra").await;
    let shut = admin.request(reqwest::Method::PATCH, &format!("/admin/users/{}", gone.id)).json(&json!({ "disabled": true })).send().await;
    assert_eq!(shut.unwrap().status(), 200);
    assert_eq!(names(&guru, "").await, ["Uji budi", "Uji ana.putri"], "students who may sign in, and nobody else");
    assert_eq!(names(&guru, "query=UJI%20put").await, ["Uji ana.putri"]);
    assert_eq!(names(&guru, "query=guru").await, [""; 0]);
    let first = guru.get("/students?limit=1").await;
    assert_eq!(first["items"], json!([{ "id": budi.id, "name": "Uji budi", "login": "budi" }]), "names and logins only");
    assert_eq!(names(&guru, &format!("limit=1&after={}", first["next"].as_str().unwrap())).await, ["Uji ana.putri"]);
    for (user, status) in [(&ana, 403), (&admin, 403), (&guru, 422)] {
        assert_eq!(user.try_get(&format!("/students?query={}", "x".repeat(121))).await.0, status);
    }
    // A student who was found can be talked to.
    let (status, conversation): (u16, Value) = guru.post("/conversations", &json!({ "student_id": budi.id })).await;
    assert_eq!(status, 201, "{conversation}");
    assert_eq!(conversation["student"]["name"], "Uji budi");
    app.stop().await;
}
