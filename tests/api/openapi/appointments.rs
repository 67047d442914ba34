//! Counsellors, their hours, and appointments.

use super::{School, step};
use crate::{appointments::availability::mornings, support::schema::Checked};
use serde_json::{Value, json};

/// Monday, 08:00 in Jakarta.
const MONDAY_8: &str = "2026-02-02T01:00:00.000Z";
const TUESDAY_8: &str = "2026-02-03T01:00:00.000Z";
const TUESDAY_9: &str = "2026-02-03T02:00:00.000Z";

pub(super) async fn walk_counsellors(seen: &mut Checked, school: &School) {
    let School { guru, ana, kepala, .. } = school;
    let status = "put /counsellors/me/status";
    step(seen, guru, status, &[], (json!({ "status": "online" }), 200)).await;
    step(seen, guru, status, &[], (json!({ "status": "busy" }), 422)).await;
    step(seen, ana, status, &[], (json!({ "status": "online" }), 403)).await;
    step(seen, ana, "get /counsellors", &[], (Value::Null, 200)).await;
    step(seen, guru, "get /students?query=ana", &[], (Value::Null, 200)).await;
    step(seen, ana, "get /students", &[], (Value::Null, 403)).await;

    let hours = mornings();
    step(seen, guru, "get /availability", &[], (Value::Null, 200)).await;
    step(seen, guru, "put /availability", &[], (hours.clone(), 200)).await;
    step(seen, guru, "put /availability", &[], (hours.clone(), 409)).await;
    let mut twice = hours;
    twice["weekly"][1] = twice["weekly"][0].clone();
    step(seen, guru, "put /availability", &[], (twice, 422)).await;
    step(seen, kepala, &format!("get /availability?counsellor_id={}", guru.id), &[], (Value::Null, 200)).await;
    step(seen, kepala, "get /availability", &[], (Value::Null, 404)).await;
    step(seen, ana, "get /availability", &[], (Value::Null, 403)).await;
    step(seen, ana, "get /counsellors/{id}/slots", &[&guru.id], (Value::Null, 200)).await;
    step(seen, ana, "get /counsellors/{id}/slots?from=monday", &[&guru.id], (Value::Null, 422)).await;
    step(seen, ana, "get /counsellors/{id}/slots", &[&ana.id], (Value::Null, 404)).await;
}

/// Ends within the time of a confirmed appointment by video.
pub(super) async fn walk_appointments(seen: &mut Checked, school: &School) {
    let School { guru, ana, budi, kepala, clock, .. } = school;
    let book = "post /appointments";
    let wanted =
        |starts_at: &str, mode: &str| json!({ "counsellor_id": guru.id, "starts_at": starts_at, "topic": "Jurusan", "mode": mode });
    let made = step(seen, ana, book, &[], (wanted(MONDAY_8, "video"), 201)).await;
    step(seen, budi, book, &[], (wanted(MONDAY_8, "onsite"), 409)).await;
    step(seen, budi, book, &[], (wanted("2026-02-03T01:01:00.000Z", "onsite"), 422)).await;
    step(seen, kepala, book, &[], (wanted(MONDAY_8, "onsite"), 403)).await;
    let other = step(seen, budi, book, &[], (wanted(TUESDAY_8, "chat"), 201)).await;
    let (video, moved) = (made["id"].as_str().unwrap(), other["id"].as_str().unwrap());

    let closed = mornings().as_object().cloned().map(|mut hours| {
        hours["weekly"] = json!([]);
        hours["exceptions"] = json!([{ "date": "2026-02-04", "kind": "extra", "from": "08:00", "to": "09:00", "reason": "Ganti hari" }]);
        Value::Object(hours)
    });
    let left_out = step(seen, guru, "post /availability/check", &[], (closed.unwrap(), 200)).await;
    assert_eq!(left_out["conflicts"].as_array().unwrap().len(), 2);

    let change = "post /appointments/{id}/{action}";
    step(seen, guru, change, &[video, "confirm"], (json!({}), 200)).await;
    step(seen, guru, change, &[video, "confirm"], (json!({}), 409)).await;
    step(seen, guru, change, &[video, "forget"], (json!({}), 404)).await;
    step(seen, budi, change, &[moved, "reschedule"], (json!({ "starts_at": MONDAY_8 }), 409)).await;
    step(seen, budi, change, &[moved, "reschedule"], (json!({ "starts_at": TUESDAY_9, "reason": "Ujian" }), 200)).await;
    step(seen, guru, change, &[moved, "cancel"], (json!({}), 422)).await;
    step(seen, guru, change, &[moved, "cancel"], (json!({ "reason": "Rapat" }), 200)).await;

    for user in [ana, guru, kepala] {
        step(seen, user, "get /appointments", &[], (Value::Null, 200)).await;
        step(seen, user, "get /appointments/{id}", &[video], (Value::Null, 200)).await;
    }
    step(seen, budi, "get /appointments?scope=past&limit=1", &[], (Value::Null, 200)).await;
    let month = "get /appointments?from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z";
    step(seen, guru, month, &[], (Value::Null, 200)).await;
    step(seen, guru, "get /appointments?scope=never", &[], (Value::Null, 422)).await;
    step(seen, budi, "get /appointments/{id}", &[video], (Value::Null, 404)).await;
    step(seen, ana, "get /appointments/{id}.ics", &[video], (Value::Null, 200)).await;
    step(seen, ana, "get /appointments/{id}/video", &[video], (Value::Null, 409)).await;
    clock.advance(55 * 60_000);
    step(seen, ana, "get /appointments/{id}/video", &[video], (Value::Null, 200)).await;
}
