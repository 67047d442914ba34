//! The walk through warnings and hotlines.

use super::{School, step};
use crate::{alerts::warnings::raise, support::schema::Checked};
use educounsel::domain::risk::Level;
use serde_json::{Value, json};

pub(super) async fn walk_safety(seen: &mut Checked, school: &School) {
    let School { app, guru, ana, budi, kepala, .. } = school;
    seen.call("/api/v1/help", "get", app.client().get(app.url("/api/v1/help")), 200).await;
    let alert = raise(app, budi, Level::Risk, "capek").await.to_string();
    for (user, status) in [(guru, 200), (kepala, 200), (ana, 403)] {
        step(seen, user, "get /alerts?state=all", &[], (Value::Null, status)).await;
    }
    step(seen, guru, "get /alerts?state=old", &[], (Value::Null, 422)).await;
    let acknowledge = "post /alerts/{id}/acknowledge";
    step(seen, guru, acknowledge, &[&alert], (json!({}), 200)).await;
    step(seen, guru, acknowledge, &[&guru.id], (json!({}), 404)).await;
    step(seen, ana, acknowledge, &[&alert], (json!({}), 403)).await;
    let chat = "post /alerts/{id}/chat";
    step(seen, guru, chat, &[&alert], (json!({}), 200)).await;
    step(seen, kepala, chat, &[&alert], (json!({}), 403)).await;
    step(seen, guru, "get /alerts?state=acknowledged", &[], (Value::Null, 200)).await;

    let path = "/admin/hotlines";
    let list = step(seen, kepala, &format!("get {path}"), &[], (Value::Null, 200)).await;
    step(seen, kepala, &format!("put {path}"), &[], (list.clone(), 200)).await;
    step(seen, kepala, &format!("put {path}"), &[], (json!({ "items": [] }), 422)).await;
    step(seen, guru, &format!("put {path}"), &[], (list, 403)).await;
}
