//! Two admins take the admin's role from each other at the same moment, against two running nodes
//! on each database: one of them keeps it.

use crate::{
    databases::{Database, TestDatabase},
    support::{TestApp, TestUser},
};
use educounsel::{
    backends::store::{Store, UserChange, UserFilter, UserRow},
    domain::principal::Role,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Pairs of admins, one after the other.
const ROUNDS: usize = 12;

async fn active_admins(store: &Store) -> Vec<UserRow> {
    let filter = UserFilter { role: Some(Role::Admin), disabled: Some(false), query: None };
    store.list_users(&filter, None, 100).await.unwrap()
}

async fn take_from(admin: &TestUser, other: &TestUser, patch: &Value) -> u16 {
    let request = admin.request(Method::PATCH, &format!("/admin/users/{}", other.id)).json(patch);
    request.send().await.unwrap().status().as_u16()
}

async fn one_of_two_admins_stays(database: Database) {
    let database = TestDatabase::create(database).await;
    let node = async || {
        let url = database.url.clone();
        TestApp::builder().set(|config| (config.database.url, config.http.requests_per_minute) = (url, 1_000_000)).start().await
    };
    let (app, second) = (node().await, node().await);
    let store = &app.running.context.store;
    let (demote, disable) = (json!({ "role": "student" }), json!({ "disabled": true }));
    let patches = [(&demote, &demote), (&disable, &disable), (&demote, &disable)];
    for round in 0..ROUNDS {
        let pair = app.crowd(&format!("kepala{round}x"), Role::Admin, 2).await;
        let (here, there) = (&pair[0], pair[1].on(&second.at()));
        let (one, other) = patches[round % patches.len()];
        let (at_here, at_there) = tokio::join!(take_from(here, &there, one), take_from(&there, here, other));
        let left = active_admins(store).await;
        assert_eq!(left.len(), 1, "round {round}: {at_here}, {at_there}");
        // The loser is told that the change does not fit; if the loss came before the request was
        // let in, that the request is not allowed.
        let mut answers = [at_here, at_there];
        answers.sort_unstable();
        assert!(answers[0] == 200 && [401, 403, 409].contains(&answers[1]), "round {round}: {answers:?}");
        let mut tx = store.begin().await.unwrap();
        tx.update_user(left[0].id, &UserChange { role: Some(Role::Student), ..UserChange::default() }).await.unwrap();
        tx.commit().await.unwrap();
    }
    second.stop().await;
    app.stop().await;
}

#[actix_web::test]
async fn one_of_two_admins_stays_on_sqlite() {
    one_of_two_admins_stays(Database::Sqlite).await;
}

#[actix_web::test]
async fn one_of_two_admins_stays_on_mariadb() {
    one_of_two_admins_stays(Database::MariaDb).await;
}

#[actix_web::test]
async fn one_of_two_admins_stays_on_postgres() {
    one_of_two_admins_stays(Database::Postgres).await;
}
