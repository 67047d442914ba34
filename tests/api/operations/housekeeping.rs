//! Housekeeping trims the tables that grow, and no others.

use crate::support::{TestApp, wait::until};
use educounsel::{
    domain::clock::Clock,
    services::operations::housekeeping::{self, Removed},
};
use serde_json::json;

const DAY_MS: i64 = 86_400_000;

#[actix_web::test]
async fn a_round_removes_only_what_is_beyond_its_time() {
    let clock = Clock::manual(1_763_725_506_789);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let context = &app.running.context;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    guru.upload_pdf("Satu").await;
    until("the upload is published", async || context.store.log_backlog().await.unwrap().rows == 0).await;
    assert_eq!(housekeeping::run_once(context).await.unwrap(), Removed::default(), "nothing is old yet");
    assert_eq!(ana.get("/notices").await["unread_count"], json!(1));

    clock.advance(31 * DAY_MS);
    let removed = housekeeping::run_once(context).await.unwrap();
    assert_eq!(removed.log_rows, 1);
    assert_eq!(removed.logins, 2);
    assert_eq!(removed.notices, 0);
    let ana = app.sign_in("ana", crate::support::user::PASSWORD).await;
    assert_eq!(ana.get("/notices").await["unread_count"], json!(1), "a notice outlives its log row");
    assert_eq!(ana.get("/sync?after=0").await["reset"], json!(true));

    clock.advance(335 * DAY_MS);
    assert_eq!(housekeeping::run_once(context).await.unwrap().notices, 1);
    app.stop().await;
}
