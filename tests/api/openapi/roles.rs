//! The role comes first: whoever may not call an operation hears 403, whatever else is wrong.

use crate::support::{TestApp, TestUser, schema::resolved};
use educounsel::http::openapi::document;
use serde_json::Value;

/// An operation of the document, with an id or a word in place of each of its path parameters.
struct Asked<'a> {
    method: &'a str,
    path: String,
    operation: &'a Value,
}

fn operations() -> Vec<Asked<'static>> {
    let paths = document()["paths"].as_object().unwrap();
    let all = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation)));
    all.map(|(path, method, operation)| Asked { method, path: with_parts(path, operation), operation }).collect()
}

fn with_parts(path: &str, operation: &Value) -> String {
    let parts = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path");
    parts.fold(path.to_owned(), |path, parameter| {
        let name = parameter["name"].as_str().unwrap();
        let part = resolved(&parameter["schema"])["enum"][0].as_str().unwrap_or("0197f0c0-0000-7000-8000-000000000000");
        path.replace(&format!("{{{name}}}"), part)
    })
}

async fn answer(app: &TestApp, user: &TestUser, asked: &Asked<'_>, query: &str, body: Option<&'static str>) -> (u16, String) {
    let method = asked.method.to_uppercase().parse().unwrap();
    let request = app.client().request(method, app.url(&format!("{}{query}", asked.path))).bearer_auth(&user.token);
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn the_role_is_looked_at_before_query_and_body() {
    let app = TestApp::start().await;
    let users = [("student", app.student("ana").await), ("counsellor", app.counsellor("guru").await), ("admin", app.admin("kepala").await)];
    let mut refused = 0;
    for asked in operations() {
        let Some(roles) = asked.operation["x-roles"].as_array() else { continue };
        for (_, user) in users.iter().filter(|(role, _)| !roles.contains(&Value::from(*role))) {
            let bodies: &[_] = if asked.operation.get("requestBody").is_some() { &[Some("{"), Some("[]"), Some("{}")] } else { &[None] };
            for body in bodies {
                for query in ["", "?limit=x&after=x&state=x&role=x&before=x&actor_id=x&counsellor_id=x", "?limit=1&limit=1"] {
                    let (status, code) = answer(&app, user, &asked, query, *body).await;
                    assert_eq!((status, code.as_str()), (403, "access.denied"), "{} {}{query} {body:?}", asked.method, asked.path);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 300, "{refused} only: does the document name the roles?");
    app.stop().await;
}
