//! Admins can read the state of the system.

use crate::support::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

fn part<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap()
}

#[actix_web::test]
async fn an_admin_sees_the_parts_the_node_stands_on_and_what_waits() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let socket = kepala.connect().await;
    let report = kepala.get("/admin/system").await;
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    for (name, kind) in [("database", "sqlite"), ("cache", "in_process"), ("bus", "in_process"), ("files", "disk")] {
        assert_eq!(part(&report, name)["kind"], json!(kind), "{report}");
        assert_eq!(part(&report, name)["status"], json!("connected"), "{report}");
        assert!(part(&report, name)["latency_ms"].is_u64());
    }
    assert_eq!(report["sockets"], json!({ "open": 1, "limit": null }));
    assert!(report["database_pool"]["size"].as_u64() >= Some(1));
    assert_eq!(report["log"]["waiting"], 0);
    assert_eq!(report["webhooks"], json!({ "waiting": 0, "dead": 0 }));
    assert_eq!(report["alerts"], json!({ "open": 0, "oldest_risk_at": null }));
    assert_eq!(report["companion"]["provider"], "offline");
    assert_eq!(report["companion"]["usage"]["tokens_used"], 0);
    drop(socket);
    app.stop().await;
}

#[actix_web::test]
async fn a_part_that_is_gone_is_named_and_the_report_still_comes() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    std::fs::remove_dir_all(app.folder.path().join("data").join("files")).unwrap();
    let report = kepala.get("/admin/system").await;
    assert_eq!(part(&report, "files"), &json!({ "name": "files", "kind": "disk", "status": "disconnected", "latency_ms": null }));
    assert_eq!(part(&report, "database")["status"], "connected");
    app.stop().await;
}

#[actix_web::test]
async fn nobody_else_sees_the_report() {
    let app = TestApp::start().await;
    for user in [app.student("ana").await, app.counsellor("bu_rina").await] {
        assert_eq!(user.request(Method::GET, "/admin/system").send().await.unwrap().status(), 403);
    }
    app.stop().await;
}
